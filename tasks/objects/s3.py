"""Objects in a bucket of any store that speaks S3."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from tasks.domain.errors import (
    OutcomeUnknownError,
    TransientError,
    VendorError,
    VendorRefusedError,
)
from tasks.objects.client import Connection, new_client, time_of
from tasks.objects.errors import (
    BUSY,
    FOREIGN,
    FULL,
    code_of,
    is_broken_off,
    is_strange,
    mapped,
    status_of,
)
from tasks.objects.patience import patiently, translated
from tasks.objects.store import LIMIT, Access, Blob, Info
from tasks.trust import places

READS = 4
"""How often a read is tried in all."""
TAKEN = ("PreconditionFailed", "412")
REFUSALS = (BUSY | FULL) - {"503", "ServiceUnavailable"}
PAGES = 10_000
"""More pages of 1,000 names than any listing has; a store that gives more goes round in circles."""

PROBE = b"labelloop looks here whether this store overwrites what it was asked to leave.\n"

T = TypeVar("T")

_kept_their_word: set[tuple[str, str]] = set()
"""Endpoint and URL of places where a name that was taken was seen to be refused."""


class S3Objects:
    """A bucket and a prefix.

    Parameters
    ----------
    url : str
        ``s3://bucket[/prefix]``.
    """

    def __init__(self, url: str, access: Access) -> None:
        parts = urlsplit(url)
        prefix = parts.path.strip("/")
        self._bucket, self._prefix = parts.netloc, f"{prefix}/" if prefix else ""
        self._access = access
        self._date: datetime | None = None
        self._connection = Connection(self._open)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def check(self) -> None:
        """Raise a `VendorError` if the bucket is not there or may not be listed."""
        next(self._pages("", MaxKeys=1))

    def put_new(self, name: str, content: bytes) -> bool:
        """Write an object unless its name is taken; say whether it was free."""
        try:
            self._put(name, content, IfNoneMatch="*")
        except FOREIGN as error:
            return self._is_written_after(error, name, content)
        if self._place not in _kept_their_word:
            self._refuse_overwriting(name, content)
        return True

    def check_put_new(self, probe: str) -> None:
        """Refuse a store that overwrites what it was asked to leave, before anything else is put.

        Each put asks that by itself, once in a process; but what another had written may be lost
        by then.

        Parameters
        ----------
        probe : str
            The name of an object that may be written, and stays.
        """
        if self._place not in _kept_their_word:
            self.put_new(probe, PROBE)
        if self._place not in _kept_their_word:
            what = "did not say whether it leaves what is there"
            raise TransientError(what, where=self._where(probe))

    def put(self, name: str, content: bytes) -> None:
        """Write an object, over another of its name if there is one."""
        try:
            self._put(name, content)
        except FOREIGN as error:
            if not self._is_written_after(error, name, content):
                raise self._unknown(error, name) from error

    def get(self, name: str, *, etag: str = "", limit: int = LIMIT) -> Blob | None:
        """Read an object; None if there is none of that name, or none with that tag."""
        request = self._named(name) | ({"IfMatch": etag} if etag else {})
        return self._ask("read", name, lambda: self._read(request, limit))

    def find(self, prefix: str = "", *, after: str = "") -> list[Info]:
        """List the objects whose names begin with `prefix` and come after `after`, by name."""
        # Some stores list in the order of a tree of folders; so order is made here.
        start = {"StartAfter": self._prefix + after} if after else {}
        found = [info for page in self._pages(prefix, **start) for info in page]
        return sorted((one for one in found if one.name > after), key=lambda one: one.name)

    def head(self, name: str) -> Info | None:
        """Say what is known of one object; None if it is not there."""
        # Not HeadObject: its errors have no body, so that nobody knows what they are.
        for info in next(self._pages(name, MaxKeys=1)):
            if info.name == name:
                return info
        return None

    def now(self) -> datetime:
        """Tell the time by the store's last reply."""
        if self._date is None:
            self.check()
        return self._date or datetime.now(UTC)

    def close(self) -> None:
        """Let go of connections."""
        self._connection.close()

    @property
    def _client(self) -> Any:
        return self._connection.client

    def _open(self) -> Any:
        try:
            return new_client(
                "s3",
                self._access,
                places.bucket(self.url, self._access.endpoint),
                # Other stores than AWS know neither bucket names as hosts nor trailing checksums.
                s3={"addressing_style": "path" if self._access.endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
        except BotoCoreError as error:
            raise self._mapped(error, "open", "") from error
        except ValueError:
            what = "the endpoint is no address of a store"
            raise VendorRefusedError(what, where=self.url, fix="mend it") from None

    @property
    def _place(self) -> tuple[str, str]:
        return self._client.meta.endpoint_url, self.url

    def _refuse_overwriting(self, name: str, content: bytes) -> None:
        # The store has it now, so one that keeps its word refuses it a second time.
        try:
            self._put(name, content, IfNoneMatch="*")
        except FOREIGN as error:
            if code_of(error) in TAKEN:
                _kept_their_word.add(self._place)
            return
        what = "the store overwrites objects in spite of If-None-Match"
        fix = "use one with conditional writes, such as AWS S3 or SeaweedFS"
        raise VendorRefusedError(what, where=self._where(name), fix=fix)

    def _is_written_after(self, error: Exception, name: str, content: bytes) -> bool:
        if code_of(error) in TAKEN:
            _kept_their_word.add(self._place)
            return False
        if not _is_unknown(error):
            raise self._mapped(error, "write", name) from error
        try:
            blob = self.get(name)
        except VendorError:
            blob = None
        if blob is None:
            raise self._unknown(error, name) from error
        return blob.content == content

    def _put(self, name: str, content: bytes, **condition: str) -> None:
        # Without a digest, a store may keep an empty object if the wire breaks before the body.
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        request = self._named(name) | {"ContentMD5": base64.b64encode(digest).decode()} | condition
        self._noted(self._client.put_object(**request, Body=content))

    def _ask(self, action: str, name: str, call: Callable[[], T]) -> T:
        told = partial(self._mapped, action=action, name=name)
        return patiently(READS, translated(call, FOREIGN, told))

    def _read(self, request: dict[str, str], limit: int) -> Blob | None:
        try:
            reply = self._noted(self._client.get_object(**request))
        except ClientError as error:
            if code_of(error) in ("NoSuchKey", *TAKEN):
                return None
            raise
        with closing(reply["Body"]) as body:
            # Only a read that finds the end looks whether all has come.
            content = body.read(limit + 1) + body.read(1)
        if len(content) > limit:
            what = f"has more than {limit / (1 << 20):g} MB"
            raise VendorRefusedError(
                what, where=f"s3://{self._bucket}/{request['Key']}", fix="divide it"
            )
        return Blob(content, reply["ETag"], _time(reply["LastModified"]))

    def _pages(self, prefix: str, **start: str | int) -> Iterator[list[Info]]:
        place: dict[str, Any] = {"Bucket": self._bucket, "Prefix": self._prefix + prefix}
        request = place | start
        for _ in range(PAGES):
            reply, found = self._ask("list", prefix, partial(self._list, request))
            yield found
            if not reply.get("IsTruncated"):
                return
            request = place | {"ContinuationToken": reply.get("NextContinuationToken", "")}
        raise VendorRefusedError("its listing does not end", where=self._where(prefix))

    def _list(self, request: dict[str, Any]) -> tuple[Any, list[Info]]:
        reply = self._noted(self._client.list_objects_v2(**request))
        return reply, [self._info(one) for one in reply.get("Contents", []) if self._is_own(one)]

    def _is_own(self, listed: Any) -> bool:
        key: str = listed["Key"]
        return key.startswith(self._prefix) and not key.endswith("/")

    def _info(self, listed: Any) -> Info:
        name = listed["Key"].removeprefix(self._prefix)
        return Info(name, listed["ETag"], int(listed["Size"]), _time(listed["LastModified"]))

    def _noted(self, reply: Any) -> Any:
        self._date = time_of(reply) or self._date
        return reply

    def _named(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    def _where(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def _mapped(self, error: Exception, action: str, name: str) -> VendorError:
        return mapped(error, action, self._where(name), self._access)

    def _unknown(self, error: Exception, name: str) -> OutcomeUnknownError:
        what = f"nobody knows whether it was written ({type(error).__name__})"
        return OutcomeUnknownError(what, where=self._where(name), fix="look whether it is there")


def _is_unknown(error: Exception) -> bool:
    if isinstance(error, ClientError):
        # Some words say that it was not done; a plain 500, 502, 503 or 504 says nothing.
        status = status_of(error)
        return status >= 500 and status not in (501, 507) and code_of(error) not in REFUSALS
    return is_broken_off(error) or is_strange(error)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
