"""A small service that speaks as Kiosk does: ``python -m labelloop_kiosk.service FILE PORT``.

It keeps everything in an SQLite file. People answer with ``PUT /batches/B/answers``.
"""

import json
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (name TEXT PRIMARY KEY, spec TEXT, made TEXT, state TEXT);
CREATE TABLE IF NOT EXISTS tasks (batch TEXT, key TEXT UNIQUE, copies INTEGER, body TEXT);
CREATE TABLE IF NOT EXISTS answers (
    change INTEGER PRIMARY KEY AUTOINCREMENT,
    batch TEXT, key TEXT, worker TEXT, label TEXT, at TEXT,
    UNIQUE (key, worker));
"""
COUNTS = """
WITH each AS (
    SELECT copies, (SELECT count(label) FROM answers WHERE answers.key = tasks.key) AS given
    FROM tasks WHERE batch = ?)
SELECT sum(copies) AS expected, sum(min(copies, given)) AS answered, sum(given) AS given FROM each
"""
REPLACE = "INSERT OR REPLACE INTO answers (batch, key, worker, label, at) VALUES (?, ?, ?, ?, ?)"
LIMIT = 64 << 20
PAGE = 200
LONGEST = 10_000


class RefusalError(Exception):
    """A status and what to say with it."""

    def __init__(self, status: int, body: Any = None) -> None:
        super().__init__(status)
        self.status, self.body = status, body or {}


class Kiosk:
    """What the service does, one call a transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(self.open()) as database:
            database.executescript(SCHEMA)

    def open(self) -> sqlite3.Connection:
        """Open the file."""
        database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        database.row_factory = sqlite3.Row
        return database

    def call(self, name: str, *arguments: Any) -> Any:
        """Do one thing, wholly or not at all."""
        with closing(self.open()) as database:
            database.execute("BEGIN IMMEDIATE")
            reply = getattr(self, f"_{name}")(database, *arguments)
            database.execute("COMMIT")
            return reply

    def _batches(self, database: sqlite3.Connection) -> Any:
        return {"batches": [row["name"] for row in database.execute("SELECT name FROM batches")]}

    def _make(self, database: sqlite3.Connection, batch: str, spec: Any) -> Any:
        text = json.dumps(spec)
        row = (batch, text, datetime.now(UTC).isoformat(), "open")
        database.execute("INSERT OR IGNORE INTO batches VALUES (?, ?, ?, ?)", row)
        if self._row(database, batch)["spec"] != text:
            raise RefusalError(409)
        return {}

    def _take(self, database: sqlite3.Connection, batch: str, body: Any) -> Any:
        if self._row(database, batch)["state"] != "open":
            raise RefusalError(410)
        tasks = {task["key"]: json.dumps(task) for task in body["tasks"]}
        why = f"it has more than {LONGEST} characters"
        if rejected := {key: why for key, task in tasks.items() if len(task) > LONGEST}:
            raise RefusalError(422, {"rejected": rejected})
        rows = [(batch, one["key"], one["copies"], tasks[one["key"]]) for one in body["tasks"]]
        database.executemany("INSERT OR IGNORE INTO tasks VALUES (?, ?, ?, ?)", rows)
        known = {one["key"]: one for one in self._listed(database, batch)["receipts"]}
        return {"receipts": [known[one["key"]] for one in body["tasks"]]}

    def _listed(self, database: sqlite3.Connection, batch: str) -> Any:
        self._row(database, batch)
        query = "SELECT key, 'task-' || rowid AS id FROM tasks WHERE batch = ? ORDER BY key"
        return {"receipts": [dict(row) for row in database.execute(query, (batch,))]}

    def _progress(self, database: sqlite3.Connection, batch: str) -> Any:
        row = self._row(database, batch)
        found = dict(database.execute(COUNTS, (batch,)).fetchone())
        counts = {name: count or 0 for name, count in found.items()}
        gone = counts["expected"] - counts["answered"] if row["state"] == "cancelled" else 0
        hours = (datetime.now(UTC) - datetime.fromisoformat(row["made"])).total_seconds() / 3600
        cost = counts["given"] * json.loads(row["spec"])["price"]
        return {**counts, "gone": gone, "hours": hours, "cost": cost}

    def _answer(self, database: sqlite3.Connection, batch: str, body: Any) -> Any:
        self._row(database, batch)
        row = (batch, body["key"], body["worker"], body["label"], datetime.now(UTC).isoformat())
        # A replaced row has a new number: the next change.
        database.execute(REPLACE, row)
        return {}

    def _changed(self, database: sqlite3.Connection, batch: str, after: int) -> Any:
        self._row(database, batch)
        query = (
            "SELECT key, worker, label, at, change FROM answers"
            " WHERE batch = ? AND change > ? ORDER BY change LIMIT ?"
        )
        rows = [dict(row) for row in database.execute(query, (batch, after, PAGE + 1))]
        page = rows[:PAGE]
        change = page[-1]["change"] if page else after
        return {"answers": page, "change": change, "more": len(rows) > PAGE}

    def _end(self, database: sqlite3.Connection, batch: str, body: Any) -> Any:
        self._row(database, batch)
        # What was cancelled stays so when it is closed.
        query = "UPDATE batches SET state = ? WHERE name = ? AND state != 'cancelled'"
        database.execute(query, (body["state"], batch))
        return {}

    def _row(self, database: sqlite3.Connection, batch: str) -> sqlite3.Row:
        query = "SELECT * FROM batches WHERE name = ?"
        row: sqlite3.Row | None = database.execute(query, (batch,)).fetchone()
        if row is None:
            raise RefusalError(404)
        return row


ROUTES = {
    ("GET", r"/batches"): "batches",
    ("PUT", r"/batches/([^/]+)"): "make",
    ("GET", r"/batches/([^/]+)"): "progress",
    ("PUT", r"/batches/([^/]+)/tasks"): "take",
    ("GET", r"/batches/([^/]+)/tasks"): "listed",
    ("PUT", r"/batches/([^/]+)/answers"): "answer",
    ("GET", r"/batches/([^/]+)/answers"): "changed",
    ("PUT", r"/batches/([^/]+)/state"): "end",
}


def served(path: Path, port: int, token: Callable[[], str]) -> ThreadingHTTPServer:
    """Make the server; `token` says what a caller has to know now."""
    kiosk = Kiosk(path)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(min(length, LIMIT))
            # A request that broke off is none.
            if len(raw) < length:
                self.close_connection = True
                return
            try:
                status, body = 200, self._done(raw)
            except RefusalError as refusal:
                status, body = refusal.status, refusal.body
            except (ValueError, KeyError, TypeError, OverflowError, sqlite3.Error):
                status, body = 400, {}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _done(self, raw: bytes) -> Any:
            if self.headers.get("authorization") != f"Bearer {token()}":
                raise RefusalError(401)
            parts = urlsplit(self.path)
            for (method, pattern), name in ROUTES.items():
                if method == self.command and (found := re.fullmatch(pattern, parts.path)):
                    arguments: list[Any] = [*map(unquote, found.groups())]
                    if name == "changed":
                        arguments.append(int(parse_qs(parts.query)["after"][0]))
                    elif raw:
                        arguments.append(json.loads(raw))
                    return kiosk.call(name, *arguments)
            raise RefusalError(404)

        def log_message(self, *_: Any) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    with served(
        Path(sys.argv[1]), int(sys.argv[2]), lambda: os.environ["LABELLOOP_KIOSK_TOKEN"]
    ) as server:
        server.serve_forever()
