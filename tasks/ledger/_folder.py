"""Entries in a folder: one file each, created only if no file of that name exists."""

import os
from functools import lru_cache
from pathlib import Path

from tasks.domain.entries import Entry
from tasks.domain.errors import EntryExistsError, LedgerError
from tasks.domain.files import make_folder, sync_folder, write_beside
from tasks.ledger._chain import NAME, name_of, refuse_unchained
from tasks.ledger.reading import parse


class EntryFolder:
    """A folder of entries that are chained to one another.

    Parameters
    ----------
    folder : Path
        Holds ``00000000.json`` and so on; made with the first entry.
    fix : str
        What to do about a file that is missing.
    """

    def __init__(self, folder: Path, fix: str) -> None:
        self.folder, self._fix = folder, fix
        self._known: list[Entry] = []

    def read(self) -> tuple[Entry, ...]:
        """Read all entries, oldest first; those seen before are not read again.

        Raises
        ------
        LedgerError
            An entry is missing, unreadable, or not chained to the one before.
        """
        while (entry := _stored(self.path(len(self._known)))) is not None:
            before = self._known[-1] if self._known else None
            refuse_unchained(entry, before, self.where(len(self._known)))
            self._known.append(entry)
        self._refuse_gap()
        return tuple(self._known)

    def create(self, entry: Entry) -> None:
        """Write an entry whole; raises `EntryExistsError` if its name is taken."""
        make_folder(self.folder)
        path = self.path(entry.seq)
        temporary = write_beside(path, entry.content)
        try:
            # A link fails if the name is taken and shows the whole content at once: the exclusive
            # creation that is the only lock between writers, without a half-written entry.
            os.link(temporary, path)
        except FileExistsError:
            raise EntryExistsError("was written by another process", where=str(path)) from None
        finally:
            temporary.unlink()
        sync_folder(self.folder)

    def path(self, seq: int) -> Path:
        """Give the file of an entry."""
        return self.folder / name_of(seq)

    def where(self, seq: int) -> str:
        """Name the file of an entry, for messages."""
        return f"{self.folder.name}/{name_of(seq)}"

    def _refuse_gap(self) -> None:
        missing = len(self._known)
        if self._count() > missing and not self.path(missing).exists():
            what = "is missing, while later entries are there"
            raise LedgerError(what, where=self.where(missing), fix=self._fix)

    def _count(self) -> int:
        if not self.folder.exists():
            return 0
        return sum(1 for path in self.folder.iterdir() if NAME.fullmatch(path.name))


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
