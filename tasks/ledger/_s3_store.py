"""One prefix of an S3 bucket, in a ledger's words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tasks.domain.errors import (
    CampaignError,
    LedgerError,
    OutcomeUnknownError,
    ParamsError,
    UntrustedError,
    VendorError,
    VendorRefusedError,
)
from tasks.objects.patience import PASSING, patiently
from tasks.objects.s3 import S3Objects
from tasks.objects.store import Access, refuse_bad_url

TRIES = 4
"""How often a write is tried in all: each can be repeated without doing anything twice."""
LIMIT = 256 << 20
"""Bytes that one object may have."""
PROBE = "probe.txt"

T = TypeVar("T")


class S3Store:
    """A bucket and a prefix: objects that are read, listed, and written once.

    Parameters
    ----------
    url : str
        ``s3://bucket/prefix``.
    endpoint : str, optional
        The address of a store that is not AWS; if not told, what boto3 finds in the environment.
    """

    def __init__(self, url: str, endpoint: str | None) -> None:
        self._objects = S3Objects(_checked(url), Access(endpoint or ""))

    def where(self, name: str = "") -> str:
        """Give the URL of an object."""
        return f"{self._objects.url}/{name}".rstrip("/")

    def get(self, name: str) -> bytes | None:
        """Read an object; None if there is none of that name."""
        with _told():
            blob = self._objects.get(name, limit=LIMIT)
        return blob.content if blob else None

    def put(self, name: str, content: bytes) -> None:
        """Write an object, over another of its name if there is one."""
        self._write(lambda: self._objects.put(name, content))

    def put_new(self, name: str, content: bytes) -> bool:
        """Write an object unless its name is taken; say whether it now has this content."""
        written = self._write(lambda: self._objects.put_new(name, content))
        # A try of which nobody knew anything may have written it before the next one did not.
        return written or self.get(name) == content

    def names(self, folder: str, after: str) -> list[str]:
        """List the names of the objects in a folder that come after one, in their order."""
        start = f"{folder}/"
        with _told():
            found = self._objects.find(start, after=start + after)
        return [info.name.removeprefix(start) for info in found]

    def refuse_overwriting(self) -> None:
        """Refuse a store that overwrites what it was asked to leave: there two would both be first.

        Asked once in a process.

        Raises
        ------
        CampaignError
            The store does not heed ``If-None-Match``.
        """
        self._write(lambda: self._objects.check_put_new(PROBE))

    def _write(self, call: Callable[[], T]) -> T:
        with _told():
            return patiently(TRIES, call, (*PASSING, OutcomeUnknownError))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except UntrustedError:
        raise
    except VendorRefusedError as error:
        raise CampaignError(error.what, where=error.where, fix=error.fix) from error
    except VendorError as error:
        fix = "try again: nothing is written twice"
        raise LedgerError(error.what, where=error.where, fix=fix) from error


def _checked(url: str) -> str:
    refusal = ParamsError("is no URL such as s3://bucket/prefix", where="the ledger's url")
    if not url.startswith("s3://"):
        raise refusal
    try:
        return refuse_bad_url(url)
    except ValueError as error:
        raise refusal from error
