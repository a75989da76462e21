"""A ledger in a folder of this machine."""

import hashlib
from pathlib import Path

from tasks.domain.entries import Entry
from tasks.domain.files import write_atomic
from tasks.ledger._chain import ChainedLedger, refuse_no_digest, refuse_other
from tasks.ledger._folder import EntryFolder


class LocalLedger(ChainedLedger):
    """The append-only list of facts, each chained to the one before by its hash.

    Parameters
    ----------
    folder : Path
        Holds ``00000000.json`` and so on; made with the first entry.
    keeping : Path, optional
        Holds what `keep` was given, one file each, named by its SHA-256; `.labelloop/kept` beside
        `folder` if not told.
    """

    def __init__(self, folder: Path, keeping: Path | None = None) -> None:
        self.folder = folder
        self.keeping = keeping or folder.parent / ".labelloop" / "kept"
        self.where = str(folder)
        self._entries = EntryFolder(folder, fix="restore it with `git checkout`")

    def entries(self) -> tuple[Entry, ...]:
        """Read all entries, oldest first; those seen before are not read again.

        Raises
        ------
        LedgerError
            An entry is missing, unreadable, or not chained to the one before.
        """
        return self._entries.read()

    def keep(self, content: bytes) -> str:
        """Keep bytes that an entry is about to name; give their SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.keeping / sha256
        if not path.exists() or path.read_bytes() != content:
            write_atomic(path, content)
        return sha256

    def kept(self, sha256: str) -> bytes | None:
        """Read bytes that were kept; None if they are not here any more.

        Raises
        ------
        LedgerError
            Other bytes are there under that name.
        """
        refuse_no_digest(sha256)
        path = self.keeping / sha256
        try:
            return refuse_other(path.read_bytes(), sha256, str(path))
        except FileNotFoundError:
            return None

    def _create(self, entry: Entry) -> None:
        self._entries.create(entry)
