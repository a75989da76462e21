"""Named files in an S3 bucket, or in a folder that is taken for one.

`open_objects` chooses by the URL. Names are relative to it, with ``/`` between their parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from tasks.domain.errors import ParamsError

LIMIT = 64 << 20
"""Bytes that one object may have, unless the caller says otherwise."""


@dataclass(frozen=True)
class Info:
    """What a store says of an object without giving it.

    Attributes
    ----------
    etag : str
        Another one whenever the content is another; opaque.
    size : int
        Bytes.
    modified : str
        When it was last written, by the store's clock: ISO 8601 ending in ``+00:00``.
    """

    name: str
    etag: str
    size: int
    modified: str


@dataclass(frozen=True)
class Blob:
    """An object's content, and the tag and time that belong to exactly this content."""

    content: bytes
    etag: str
    modified: str


@dataclass(frozen=True)
class Access:
    """How to come in.

    Attributes
    ----------
    endpoint : str
        Of a store that is not AWS, such as ``https://minio.example.org``; empty for AWS.
    region : str
        Empty for what boto3 finds in the environment.
    key_id, key_secret : str
        Names of the environment variables that hold them; empty for boto3's own search.
    """

    endpoint: str = ""
    region: str = ""
    key_id: str = ""
    key_secret: str = ""


class Objects(Protocol):
    """A bucket and a prefix, or a folder.

    Laws: a name that `put_new` has written is never written again by it, whoever tries; what is
    listed or got is whole; only `tasks.domain.errors.VendorError` leaves it. Reads are tried
    again by themselves, writes never.
    """

    @property
    def url(self) -> str:
        """Where it is, for messages and `VendorContext.outgoing`; never holds a secret."""
        ...

    def check(self) -> None:
        """Raise a `VendorError` if it is not there or may not be read; change nothing."""
        ...

    def put_new(self, name: str, content: bytes) -> bool:
        """Write an object unless its name is taken; say whether it was free.

        After a time-out the store is asked: the same content there counts as written.

        Raises
        ------
        VendorRefusedError
            The store is full, does not let us, or overwrites what it should keep.
        OutcomeUnknownError
            It may still be written; look before anything else is done.
        """
        ...

    def put(self, name: str, content: bytes) -> None:
        """Write an object, over another of its name if there is one; raises as `put_new`."""
        ...

    def get(self, name: str, *, etag: str = "", limit: int = LIMIT) -> Blob | None:
        """Read an object; None if there is none of that name, or none with that tag.

        Raises
        ------
        VendorRefusedError
            It has more than `limit` bytes.
        """
        ...

    def find(self, prefix: str = "", *, after: str = "") -> Sequence[Info]:
        """List the objects whose names begin with `prefix` and come after `after`, by name.

        `after` is for a prefix of which no name has a further ``/``: the store itself may pass over
        what comes before it, in its own order, and that of a tree of folders is another one.
        """
        ...

    def head(self, name: str) -> Info | None:
        """Say what is known of one object; None if it is not there."""
        ...

    def now(self) -> datetime:
        """Tell the time by the store's clock, in UTC."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def refuse_bad_url(url: str) -> str:
    """Give the URL back if it is ``s3://bucket[/prefix]``, ``file:///folder`` or a whole path.

    Raises
    ------
    ValueError
        It is something else.
    """
    parts = urlsplit(url)
    folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    bucket = parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc
    plain = url.startswith("/")
    if plain or ((folder or bucket) and not parts.query and not parts.fragment):
        return url
    raise ValueError("is no s3://bucket/prefix, file:///folder or path that begins with /")


def open_objects(url: str, access: Access | None = None) -> Objects:
    """Open a store by its URL; speaks with nobody yet.

    Raises
    ------
    ParamsError
        The URL is of no known form.
    VendorAuthError
        A secret is not where `access` says.
    """
    try:
        parts = urlsplit(refuse_bad_url(url))
    except ValueError as error:
        raise ParamsError(str(error), where=repr(url)) from None
    if parts.scheme == "s3":
        from tasks.objects.s3 import S3Objects

        return S3Objects(url, access or Access())
    from tasks.objects.folder import FolderObjects

    return FolderObjects(Path(unquote(parts.path) if parts.scheme else url))
