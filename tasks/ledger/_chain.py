"""What all ledgers do alike: the next entry, and a fact that is recorded once."""

import hashlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tasks.domain import crash, digests
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import EntryExistsError, LedgerError

NAME = re.compile(r"\d{8}\.json")
SHA256 = re.compile(r"[0-9a-f]{64}")
RACES = 1000


def name_of(seq: int) -> str:
    """Name the file or object of an entry."""
    return f"{seq:08d}.json"


def refuse_unchained(entry: Entry, before: Entry | None, where: str) -> None:
    """Refuse an entry that is not the one after `before`; raises `LedgerError`."""
    seq, prev = (before.seq + 1, before.digest) if before else (0, GENESIS)
    if (entry.seq, entry.prev) != (seq, prev):
        fix = "run `labelloop audit`"
        raise LedgerError("does not follow the entry before it", where=where, fix=fix)


def refuse_other(content: bytes, sha256: str, where: str) -> bytes:
    """Give kept bytes back if they are those of the name; raises `LedgerError`."""
    if hashlib.sha256(content).hexdigest() != sha256:
        fix = "restore it from a copy"
        raise LedgerError("does not hold the bytes of its name", where=where, fix=fix)
    return content


def refuse_no_digest(sha256: str) -> None:
    """Refuse a name under which nothing can have been kept; raises `LedgerError`."""
    if not SHA256.fullmatch(sha256):
        raise LedgerError("is not the SHA-256 of anything", where=sha256[:80])


class ChainedLedger(ABC):
    """A ledger, but for where its entries are."""

    where: str
    """Its folder or URL, for messages."""

    @abstractmethod
    def entries(self) -> tuple[Entry, ...]:
        """Read all entries, oldest first."""

    @abstractmethod
    def _create(self, entry: Entry) -> None:
        """Write an entry, or raise `EntryExistsError` and show the newer ones from now on."""

    @property
    def head(self) -> str:
        """The digest of the newest entry."""
        entries = self.entries()
        return entries[-1].digest if entries else GENESIS

    def append(
        self, round_number: int, kind: str, body: Mapping[str, Any], *, seq: int | None = None
    ) -> Entry:
        """Write the next fact.

        Parameters
        ----------
        round_number : int
        kind : str
        body : mapping
        seq : int, optional
            Write it only as that entry: only if nobody has written anything since.

        Raises
        ------
        EntryExistsError
            Another process was first; read again before deciding anew.
        """
        entries = self.entries()
        self._refuse_place(seq, len(entries))
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        head = entries[-1].digest if entries else GENESIS
        entry = Entry(len(entries), head, at, round_number, kind, body)
        with crash.guarded(f"ledger:{kind}:{digests.of_value(body)[:8]}"):
            self._create(entry)
        return entry

    def record(self, round_number: int, kind: str, body: Mapping[str, Any]) -> Entry:
        """Write a fact unless it is there already; give the entry that says it."""
        for attempt in range(RACES):
            for entry in reversed(self.entries()):
                if entry.says(round_number, kind, body):
                    return entry
            try:
                return self.append(round_number, kind, body)
            except EntryExistsError:
                time.sleep(0.001 * min(attempt, 20))
        raise LedgerError(f"lost {RACES} races for the next entry", where=self.where)

    def _refuse_place(self, seq: int | None, free: int) -> None:
        if seq is None or seq == free:
            return
        where = f"{self.where}/{name_of(seq)}"
        if seq < free:
            raise EntryExistsError("was written by another process", where=where)
        raise LedgerError(f"cannot be written before entry {free}", where=where)
