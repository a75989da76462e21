"""What the simulated vendor's database says of one campaign's batches."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from sqlite3 import Connection
from typing import Any

from tasks.domain import digests
from tasks.domain.errors import BatchDeletedError, VendorClosedError, VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.incoming import Progress, Receipt, Statement
from tasks.domain.outgoing import Decision, Reference, Task
from tasks.vendors._simulated import queries as asked
from tasks.vendors._simulated.records import Arrival
from tasks.vendors._simulated.store import FILE

ELSEWHERE = (
    f"copy .labelloop/{FILE} from the machine that sent it, or set vendor.options.store to a path"
    " that all machines share before a campaign begins"
)
"""What to do where the vendor's file is not: its annotators live on one machine."""


def name_of(reference: Reference) -> str:
    """Read a batch's name from its reference; raises `VendorRefusedError`."""
    name = reference.get("batch")
    if not isinstance(name, str):
        raise VendorRefusedError(f"is no reference of the simulated vendor: {reference}")
    return name


@dataclass(frozen=True)
class Batch:
    """One batch in a transaction."""

    database: Connection
    campaign: str
    name: str

    @property
    def _it(self) -> tuple[str, str]:
        return self.campaign, self.name

    @property
    def clock(self) -> float:
        """The latest hour that any page of the campaign has reached."""
        query = "SELECT hours FROM clocks WHERE campaign = ?"
        row = self.database.execute(query, (self.campaign,)).fetchone()
        return float(row[0]) if row else 0.0

    def advance(self, hours: float) -> None:
        """Move the clock on; never back."""
        values = (self.campaign, max(hours, self.clock))
        self.database.execute("INSERT OR REPLACE INTO clocks VALUES (?, ?)", values)

    def made(self) -> tuple[float, str, str, str] | None:
        """Give its hour, its state, its description and its epoch; None if it was not made."""
        query = "SELECT hours, state, spec, epoch FROM batches WHERE campaign = ? AND batch = ?"
        row: tuple[float, str, str, str] | None = self.database.execute(query, self._it).fetchone()
        return row

    def hours(self) -> float:
        """Give the hour at which it was made; raises `BatchDeletedError` if it is not there."""
        return self._there()[0]

    def refuse_closed(self) -> None:
        """Raise a `VendorClosedError` unless it is open."""
        if (state := self._there()[1]) != "open":
            raise VendorClosedError(f"the batch is {state}", where=self.name)

    def make(self, spec: str, epoch: datetime) -> None:
        """Write it down, at the present hour; no batch's calendar is behind an earlier one's."""
        query = "SELECT max(epoch) FROM batches WHERE campaign = ?"
        (earlier,) = self.database.execute(query, (self.campaign,)).fetchone()
        newest = max(epoch.astimezone(UTC).isoformat(timespec="seconds"), earlier or "")
        values = (*self._it, self.clock, "open", spec, newest)
        self.database.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", values)

    @property
    def epoch(self) -> datetime:
        """The time at which it was hour 0; raises `VendorClosedError` if it is not there."""
        return datetime.fromisoformat(self._there()[3])

    def end(self, state: str) -> None:
        """Leave it closed or cancelled; what has ended stays as it is."""
        self.database.execute(
            "UPDATE batches SET state = ? WHERE campaign = ? AND batch = ? AND state = 'open'",
            (state, *self._it),
        )

    def receipts(self) -> list[Receipt]:
        """List its tasks, by key."""
        query = "SELECT key, task_id FROM tasks WHERE campaign = ? AND batch = ? ORDER BY key"
        return [Receipt(*row) for row in self.database.execute(query, self._it)]

    def known(self, task: Task) -> Receipt | None:
        """Find a task in any batch."""
        query = "SELECT key, task_id FROM tasks WHERE key = ?"
        row = self.database.execute(query, (task.key,)).fetchone()
        return Receipt(*row) if row else None

    def take(self, task: Task, body: str, arrivals: Sequence[Arrival]) -> Receipt:
        """Write a task down, and all that will come of it."""
        task_id = f"task-{digests.of_value(task.key)[:16]}"
        values = (task.key, task_id, *self._it, task.copies, body)
        self.database.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?)", values)
        for one in arrivals:
            self.add(one.hours, one.kind, one.record)
        return Receipt(task.key, task_id)

    def add(self, hours: float, kind: str, record: Mapping[str, Any]) -> None:
        """Write down what comes at an hour."""
        # A record that is not of the vendor's form has no revision to speak of.
        revision = record["revision"] if isinstance(record["revision"], int) else 0
        labelled = kind in ("answer", "extra") and record["label"] is not None
        body, place = canonical_json(record), (record["answer_id"], record["task_key"])
        row = (*self._it, hours, kind, *place, revision, labelled, body)
        self.database.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def arrived(self, after: float, until: float) -> list[dict[str, Any]]:
        """List the records of some hours, by hour, then content."""
        rows = self.database.execute(asked.ARRIVED, (*self._it, after, until))
        return [json.loads(body) for (body,) in rows]

    def progress(self, now: float) -> Progress:
        """Count the answers that are due, those that are there and those that will not come."""
        made = self.hours()
        rows = self.database.execute(asked.STANDING, (*self._it, now, *self._it)).fetchall()
        answered = [min(copies, labelled) for copies, labelled, _ in rows]
        missing = [copies - labelled for (copies, *_), labelled in zip(rows, answered, strict=True)]
        gone = [min(lost, ended) for lost, (_, _, ended) in zip(missing, rows, strict=True)]
        expected = sum(copies for copies, _, _ in rows)
        return Progress(expected, sum(answered), max(0.0, now - made), sum(gone))

    def statement(self, price: float) -> Statement:
        """Count what was delivered by now and is to be paid."""
        values = (*self._it, self.clock, *self._it)
        (billed,) = self.database.execute(asked.BILLED, values).fetchone()
        tasks = {receipt.key: receipt.task_id for receipt in self.receipts()}
        return Statement(tasks, billed, billed * price)

    def undecided(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Give the decisions that are the first of their answer; raises `VendorRefusedError`."""
        new: dict[str, Decision] = {}
        for one in decisions:
            values = (*self._it, one.answer_id)
            if self.database.execute(asked.IS_THERE, values).fetchone() is None:
                what = f"the simulated vendor has no answer {one.answer_id}"
                raise VendorRefusedError(what, where=self.name)
            if self.database.execute(asked.IS_DECIDED, values).fetchone() is None:
                new.setdefault(one.answer_id, one)
        return list(new.values())

    def decide(self, decision: Decision, body: str) -> None:
        """Write a decision down."""
        values = (*self._it, decision.answer_id, decision.accept, body)
        self.database.execute("INSERT INTO decisions VALUES (?, ?, ?, ?, ?)", values)

    def extend(self, until: float) -> None:
        """Give up no answer before an hour, but for those that are given up already."""
        self.database.execute(
            "UPDATE records SET hours = max(hours, ?) WHERE campaign = ? AND batch = ?"
            " AND kind = 'expiry' AND hours > ?",
            (until, *self._it, self.clock),
        )

    def withdraw(self) -> None:
        """Give up all answers that are not delivered by now."""
        now = self.clock
        self._expire_at_once(now)
        pending = self.database.execute(asked.PENDING, (*self._it, now, *self._it, now)).fetchall()
        self.database.execute(
            "DELETE FROM records WHERE campaign = ? AND batch = ? AND hours > ?", (*self._it, now)
        )
        for _, _, body in pending:
            self.add(now, "expiry", json.loads(body))

    def _expire_at_once(self, now: float) -> None:
        self.database.execute(
            "UPDATE records SET hours = min(hours, ?)"
            " WHERE campaign = ? AND batch = ? AND kind = 'expiry'",
            (now, *self._it),
        )

    def _there(self) -> tuple[float, str, str, str]:
        if (made := self.made()) is None:
            what = f"the simulated vendor has no such batch on this machine ({ELSEWHERE})"
            raise BatchDeletedError(what, where=self.name)
        return made


def shuffled(records: Sequence[dict[str, Any]], salt: str) -> list[dict[str, Any]]:
    """Put records in an order that means nothing and is always the same."""
    return sorted(records, key=lambda one: sha256((salt + canonical_json(one)).encode()).digest())
