"""The simulated vendor's database, standing for a server on the other side of a network."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.domain.errors import TransientError, VendorError
from tasks.domain.files import touch

FILE = "simulated-vendor.sqlite"
PATIENCE = 60.0
"""Seconds to wait for another process's transaction."""
IN_MEMORY = ":memory:"
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS clocks (campaign TEXT PRIMARY KEY, hours REAL NOT NULL)",
    # state is open, closed or cancelled; spec and task bodies are the bytes that were sent.
    # epoch is the time, in ISO 8601, at which it was hour 0 by the batch's own calendar.
    "CREATE TABLE IF NOT EXISTS batches (campaign TEXT, batch TEXT, hours REAL NOT NULL,"
    " state TEXT NOT NULL, spec TEXT NOT NULL, epoch TEXT NOT NULL,"
    " PRIMARY KEY (campaign, batch))",
    "CREATE TABLE IF NOT EXISTS tasks (key TEXT PRIMARY KEY, task_id TEXT UNIQUE NOT NULL,"
    " campaign TEXT NOT NULL, batch TEXT NOT NULL, copies INTEGER NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS records (campaign TEXT NOT NULL, batch TEXT NOT NULL,"
    " hours REAL NOT NULL, kind TEXT NOT NULL, answer_id TEXT NOT NULL, key TEXT NOT NULL,"
    " revision INTEGER NOT NULL, labelled INTEGER NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS by_arrival ON records (campaign, batch, hours)",
    "CREATE INDEX IF NOT EXISTS by_answer ON records (campaign, batch, answer_id)",
    "CREATE TABLE IF NOT EXISTS decisions (campaign TEXT, batch TEXT, answer_id TEXT,"
    " accept INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (campaign, batch, answer_id))",
    "CREATE TABLE IF NOT EXISTS calls (campaign TEXT PRIMARY KEY, number INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS faults (kind TEXT NOT NULL, reads INTEGER NOT NULL,"
    " times INTEGER NOT NULL)",
)


@dataclass(frozen=True)
class Store:
    """One SQLite file, opened anew for every call: a process may fork or die in between."""

    path: Path

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Look at what is there; a file that is not there is as an empty one, and is not made."""
        with self._transaction(str(self.path) if self.path.exists() else IN_MEMORY) as database:
            yield database

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Change what is there, wholly or not at all.

        Raises
        ------
        VendorError
            The file cannot be read or written; a `TransientError` if others hold it too long.
        """
        self._make()
        with self._transaction(str(self.path)) as database:
            yield database

    def _make(self) -> None:
        # SQLite would let others read what it makes.
        try:
            touch(self.path)
        except OSError as error:
            said = f"the simulated vendor failed: {error.strerror}"
            raise VendorError(said, where=str(self.path)) from error

    @contextmanager
    def _transaction(self, target: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(target, timeout=PATIENCE, isolation_level=None)
            with closing(connection) as database:
                database.execute("BEGIN IMMEDIATE")
                for statement in SCHEMA:
                    database.execute(statement)
                yield database
                # Closing without a commit takes everything back.
                database.execute("COMMIT")
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            kind = TransientError if code in BUSY else VendorError
            raise kind(f"the simulated vendor failed: {error}", where=target) from error
