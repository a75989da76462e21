"""A ledger in a folder: one file an entry, created only if no file of that name exists."""

import os
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks.domain import crash, digests
from tasks.domain.entries import GENESIS, Entry, parse
from tasks.domain.errors import EntryExistsError, LedgerError
from tasks.domain.files import sync_folder, write_beside

NAME = re.compile(r"\d{8}\.json")
RACES = 1000


class LocalLedger:
    """The append-only list of facts, each chained to the one before by its hash.

    Parameters
    ----------
    folder : Path
        Holds ``00000000.json`` and so on; made with the first entry.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: list[Entry] = []

    def entries(self) -> tuple[Entry, ...]:
        """Read all entries, oldest first; those seen before are not read again.

        Raises
        ------
        LedgerError
            An entry is missing, unreadable, or not chained to the one before.
        """
        while (entry := _stored(self._path(len(self._known)))) is not None:
            self._known.append(self._chained(entry))
        self._refuse_gap()
        return tuple(self._known)

    @property
    def head(self) -> str:
        """The digest of the newest entry."""
        entries = self.entries()
        return entries[-1].digest if entries else GENESIS

    def append(self, round_number: int, kind: str, body: Mapping[str, Any]) -> Entry:
        """Write the next fact.

        Raises
        ------
        EntryExistsError
            Another process was first; read again before deciding anew.
        """
        seq, at = len(self.entries()), datetime.now(UTC).isoformat(timespec="microseconds")
        entry = Entry(seq, self.head, at, round_number, kind, body)
        with crash.guarded(f"ledger:{kind}:{digests.of_value(body)[:8]}"):
            self._create(self._path(seq), entry.content)
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
        raise LedgerError(f"lost {RACES} races for the next entry", where=str(self.folder))

    def _create(self, path: Path, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = write_beside(path, content)
        try:
            # A link fails if the name is taken and shows the whole content at once: the exclusive
            # creation that is the only lock between writers, without a half-written entry.
            os.link(temporary, path)
        except FileExistsError:
            raise EntryExistsError("was written by another process", where=str(path)) from None
        finally:
            temporary.unlink()
        sync_folder(self.folder)

    def _chained(self, entry: Entry) -> Entry:
        seq = len(self._known)
        prev = self._known[-1].digest if self._known else GENESIS
        if entry.seq != seq or entry.prev != prev:
            where = self._where(self._path(seq))
            raise LedgerError(
                "does not follow the entry before it", where=where, fix="run `labelloop audit`"
            )
        return entry

    def _refuse_gap(self) -> None:
        count = sum(1 for _ in self._files())
        if count > len(self._known):
            missing = self._path(len(self._known))
            if not missing.exists():
                fix = "restore it with `git checkout`"
                raise LedgerError(
                    "is missing, while later entries are there", where=self._where(missing), fix=fix
                )

    def _files(self) -> list[Path]:
        if not self.folder.exists():
            return []
        return sorted(path for path in self.folder.iterdir() if NAME.fullmatch(path.name))

    def _path(self, seq: int) -> Path:
        return self.folder / f"{seq:08d}.json"

    def _where(self, path: Path) -> str:
        return f"{self.folder.name}/{path.name}"


def _stored(path: Path) -> Entry | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return _parsed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=100_000)
def _parsed(path: Path, inode: int, size: int, modified: int) -> Entry:
    """Parse a file once, as long as it is the same: every action opens the ledger anew."""
    return parse(path.read_bytes(), f"{path.parent.name}/{path.name}")
