"""One fact of the ledger, and its bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tasks.domain import strict_json
from tasks.domain.errors import LedgerError
from tasks.domain.files import canonical_json

GENESIS = "0" * 64
FIELDS = ("seq", "prev", "at", "round", "kind", "body")


@dataclass(frozen=True)
class Entry:
    """One fact.

    Attributes
    ----------
    seq : int
        Its place, from 0.
    prev : str
        SHA-256 of the bytes of the entry before; `GENESIS` for the first.
    at : str
        When it was written, ISO 8601 in UTC. The only thing in it that two runs of the same
        campaign may disagree on.
    round : int
    kind : str
        What sort of fact.
    body : mapping
        JSON; holds neither time nor host nor anything drawn at random.
    """

    seq: int
    prev: str
    at: str
    round: int
    kind: str
    body: Mapping[str, Any]

    @cached_property
    def content(self) -> bytes:
        """The bytes that are stored and hashed: canonical JSON and a line feed."""
        return (canonical_json({name: getattr(self, name) for name in FIELDS}) + "\n").encode()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `content`."""
        return hashlib.sha256(self.content).hexdigest()

    def says(self, round_number: int, kind: str, body: Mapping[str, Any]) -> bool:
        """Whether it is this very fact."""
        return (self.round, self.kind) == (round_number, kind) and self.body == body


def parse(content: bytes, where: str) -> Entry:
    """Read an entry from its bytes.

    Raises
    ------
    LedgerError
        The bytes are not exactly those that the entry would be written as.
    """
    try:
        entry = Entry(**strict_json.parse(content))
        same = entry.content == content
    except (ValueError, TypeError) as error:
        raise LedgerError(f"is not a ledger entry ({error})", where=where) from None
    if not same:
        raise LedgerError("is not spelled as a ledger entry is", where=where)
    return entry
