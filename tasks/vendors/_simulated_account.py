"""A campaign's account with the simulated vendor."""

import json
from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from tasks.domain import digests
from tasks.domain.errors import VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.ports import Page, Progress, Receipt, Statement, Task, VendorContext
from tasks.vendors._simulated_options import Options
from tasks.vendors._simulated_parsing import is_duration
from tasks.vendors._simulated_store import Store
from tasks.vendors._simulated_workforce import Workforce

FILE = "simulated-vendor.sqlite"
EXPECTED = "SELECT count(*) FROM tasks WHERE campaign = ? AND batch = ?"
ANSWERED = (
    "SELECT count(*) FROM records"
    " WHERE campaign = ? AND batch = ? AND kind = 'answer' AND hours <= ?"
)
DELIVERED = "SELECT count(*) FROM records WHERE campaign = ? AND kind = 'answer' AND hours <= ?"
PAGE = (
    "SELECT body FROM records WHERE campaign = ? AND hours > ? AND hours <= ?"
    " ORDER BY hours, answer_id, kind, body"
)


class SimulatedAccount:
    """A campaign's account with the simulated vendor.

    Time is simulated: it passes only as pages are fetched. A cursor holds the hour up to which
    its owner has seen everything, and `fetch` gives what arrives in the `hours_per_look` after
    it. Tasks are sent at the latest hour that any page has reached, so nothing ever arrives in a
    page that was given already. `poll` counts up to the end of the page that this account
    fetched last.
    """

    def __init__(self, options: Options, context: VendorContext) -> None:
        self._context, self._hours_per_look = context, options.hours_per_look
        self._workforce = Workforce(options, context)
        self._store = Store(context.home / FILE)
        self._seen: float | None = None

    def preflight(self) -> None:
        """Raise a `VendorRefusedError` unless the campaign's classes are those that are known."""
        self._workforce.refuse_unknown_classes()

    def ensure_batch(self, batch: str) -> None:
        """Make the batch, at the present hour, unless it is there."""
        with self._store.writing() as database:
            values = (self._context.campaign, batch, self._clock(database))
            database.execute("INSERT OR IGNORE INTO batches VALUES (?, ?, ?)", values)

    def submit(self, batch: str, tasks: Sequence[Task]) -> list[Receipt]:
        """Take all tasks or none; those that are there already keep their receipt.

        Raises
        ------
        VendorRefusedError
            The class of an item is not known, there are fewer annotators than copies, or there is
            no such batch.
        """
        for task in tasks:
            self._workforce.refuse_unanswerable(task)
        with self._store.writing() as database:
            self._batch_hours(database, batch)
            hours = self._clock(database)
            return [self._take(database, batch, task, hours) for task in tasks]

    def reconcile(self, batch: str) -> list[Receipt]:
        """List the tasks of a batch, by key."""
        query = "SELECT key, task_id FROM tasks WHERE campaign = ? AND batch = ? ORDER BY key"
        with self._store.reading() as database:
            rows = database.execute(query, (self._context.campaign, batch)).fetchall()
        return [Receipt(*row) for row in rows]

    def poll(self, batch: str) -> Progress:
        """Count the answers that are due and those that are there; raises `VendorRefusedError`."""
        values = (self._context.campaign, batch)
        with self._store.reading() as database:
            sent = self._batch_hours(database, batch)
            now = self._clock(database) if self._seen is None else self._seen
            (expected,) = database.execute(EXPECTED, values).fetchone()
            (answered,) = database.execute(ANSWERED, (*values, now)).fetchone()
        return Progress(expected, answered, max(0.0, now - sent))

    def fetch(self, cursor: Mapping[str, Any] | None) -> Page:
        """Get what arrives in the hours after the cursor, ordered by hour, then content."""
        start = self._hour(cursor)
        end = start + self._hours_per_look
        with self._store.writing() as database:
            rows = database.execute(PAGE, (self._context.campaign, start, end)).fetchall()
            moved = (self._context.campaign, max(end, self._clock(database)))
            database.execute("INSERT OR REPLACE INTO clocks VALUES (?, ?)", moved)
        self._seen = end
        return Page(tuple(json.loads(body) for (body,) in rows), {"hours": end})

    def statement(self) -> Statement:
        """Count the tasks that were sent and the answers that were delivered."""
        campaign = self._context.campaign
        tasks = "SELECT key, task_id FROM tasks WHERE campaign = ? ORDER BY key"
        with self._store.reading() as database:
            known = dict(database.execute(tasks, (campaign,)).fetchall())
            now = self._clock(database)
            (delivered,) = database.execute(DELIVERED, (campaign, now)).fetchone()
        return Statement(known, delivered, delivered * self._context.price)

    def close(self) -> None:
        """Do nothing: no connection outlives a call."""

    def _take(self, database: Connection, batch: str, task: Task, hours: float) -> Receipt:
        query = "SELECT key, task_id FROM tasks WHERE key = ?"
        if row := database.execute(query, (task.key,)).fetchone():
            return Receipt(*row)
        campaign, task_id = self._context.campaign, f"task-{digests.of_value(task.key)[:16]}"
        values = (task.key, task_id, campaign, batch)
        database.execute("INSERT INTO tasks VALUES (?, ?, ?, ?)", values)
        for one in self._workforce.arrivals(task, hours):
            body, answer_id = canonical_json(one.record), one.record["answer_id"]
            row = (campaign, batch, one.hours, one.kind, answer_id, body)
            database.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", row)
        return Receipt(task.key, task_id)

    def _clock(self, database: Connection) -> float:
        query = "SELECT hours FROM clocks WHERE campaign = ?"
        row = database.execute(query, (self._context.campaign,)).fetchone()
        return float(row[0]) if row else 0.0

    def _batch_hours(self, database: Connection, batch: str) -> float:
        query = "SELECT hours FROM batches WHERE campaign = ? AND batch = ?"
        row = database.execute(query, (self._context.campaign, batch)).fetchone()
        if row is None:
            raise VendorRefusedError("the simulated vendor has no such batch", where=batch)
        return float(row[0])

    def _hour(self, cursor: Mapping[str, Any] | None) -> float:
        hours: Any = 0.0 if cursor is None else cursor.get("hours")
        if not is_duration(hours):
            raise VendorRefusedError(f"is no cursor of the simulated vendor: {cursor}")
        return float(hours)
