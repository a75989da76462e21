"""A campaign's account with the simulated vendor."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.domain.errors import BatchConflictError, CapabilityMissingError, VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.incoming import Page, Progress, Receipt, Statement
from tasks.domain.outgoing import BatchSpec, Decision, Reference, Task, VendorContext
from tasks.trust import guard
from tasks.vendors._simulated.batches import ELSEWHERE, Batch, name_of, shuffled
from tasks.vendors._simulated.faults import Faults
from tasks.vendors._simulated.options import Options
from tasks.vendors._simulated.parsing import is_duration
from tasks.vendors._simulated.store import FILE, Store
from tasks.vendors._simulated.workforce import Workforce

MAX_TASKS = 500
"""Tasks of one call."""


class SimulatedAccount:
    """A campaign's account with the simulated vendor.

    Time is simulated: it passes only as pages are fetched. A cursor holds the hour up to which
    its owner has seen everything of a batch, and `fetch` gives what arrives in the
    `hours_per_look` after it. Tasks are sent at the latest hour that any page has reached, so
    nothing ever arrives in a page that was given already. `poll` counts up to the end of the page
    of the batch that this account fetched last.
    """

    def __init__(self, options: Options, context: VendorContext) -> None:
        self._context, self._options = context, options
        for need in options.needs():
            guard.require(need, context.home.parent)
        self._workforce = Workforce(options, context)
        self._store = Store(Path(options.store) if options.store else context.home / FILE)
        self._faults = Faults(options, context.campaign, context.seed, self._store)
        self._seen: dict[str, float] = {}

    def preflight(self) -> None:
        """Raise a `VendorRefusedError` unless the campaign's classes are those that are known."""
        with self._faults.call("preflight"):
            self._workforce.refuse_unknown_classes(self._context.classes)

    def ensure_batch(self, spec: BatchSpec) -> Reference:
        """Make the batch, at the present hour, unless it is there.

        Raises
        ------
        BatchConflictError
            It is there and is another one.
        CapabilityMissingError
            There are fewer annotators than copies.
        VendorRefusedError
            Its classes are not those that are known.
        """
        # The fields' order is part of what a batch is, and JSON objects have none.
        body = canonical_json(vars(spec) | {"fields": list(spec.fields.items())})
        reference = {"batch": spec.name}
        with self._changing("ensure_batch", reference) as batch:
            if (made := batch.made()) is None:
                self._workforce.refuse_unknown_classes(spec.classes)
                what = f"{spec.copies} answers to one task cannot be had"
                self._workforce.refuse_copies(spec.copies, what)
                self._tell(batch, body)
                batch.make(body, self._epoch(batch.clock))
            elif made[2] != body:
                what = "the simulated vendor has another batch of that name"
                raise BatchConflictError(what, where=spec.name)
        return reference

    def submit(self, reference: Reference, tasks: Sequence[Task]) -> list[Receipt]:
        """Take all tasks or none; those that are there already keep their receipt.

        Raises
        ------
        RejectedItemError
            The class of an item is not known, or it is refused for another reason.
        CapabilityMissingError
            There are too many tasks, or fewer annotators than copies.
        VendorClosedError
            The batch does not take tasks any more, or is not there.
        """
        if len(tasks) > MAX_TASKS:
            what = f"{len(tasks)} tasks were sent at once, and {MAX_TASKS} may be"
            raise CapabilityMissingError(what, where="the simulated vendor")
        self._workforce.refuse_unanswerable(tasks)
        with self._changing("submit", reference) as batch:
            batch.hours()
            receipts = {task.key: batch.known(task) for task in tasks}
            new = {task.key: task for task in tasks if receipts[task.key] is None}
            if new:
                batch.refuse_closed()
                bodies = {key: _body(task) for key, task in new.items()}
                self._tell(batch, "\n".join(bodies.values()))
                now = batch.clock
                for key, task in new.items():
                    arrivals = self._workforce.arrivals(task, now, batch.epoch)
                    receipts[key] = batch.take(task, bodies[key], arrivals)
        return [receipt for task in tasks if (receipt := receipts[task.key])]

    def reconcile(self, reference: Reference) -> list[Receipt]:
        """List the tasks of a batch, by key."""
        with self._reading("reconcile", reference) as batch:
            return batch.receipts()

    def poll(self, reference: Reference) -> Progress:
        """Count the answers that are due and those that are there; raises `VendorClosedError`."""
        with self._reading("poll", reference) as batch:
            return batch.progress(self._seen.get(batch.name, batch.clock))

    def fetch(self, reference: Reference, cursor: Mapping[str, Any] | None) -> Page:
        """Get what arrives in the hours after the cursor, ordered by hour, then content."""
        with self._faults.call("fetch"), self._batch(reference, writes=True) as batch:
            made = batch.hours()
            start = made if cursor is None else _hours(cursor, batch)
            end = start + self._options.hours_per_look
            records = batch.arrived(start, end)
            more = end < batch.clock
            batch.advance(end)
        self._seen[batch.name] = end
        if self._options.shuffle:
            records = shuffled(records, f"{self._context.seed}/{start}/")
        return Page(tuple(records), {"hours": end}, more)

    def export_raw(self, reference: Reference) -> tuple[Mapping[str, Any], ...]:
        """Get every record of the batch up to the present hour."""
        with self._reading("export", reference) as batch:
            return tuple(batch.arrived(batch.hours(), batch.clock))

    def decide(self, reference: Reference, decisions: Sequence[Decision]) -> None:
        """Accept and reject answers; raises `VendorRefusedError` for one that is not there."""
        with self._changing("decide", reference) as batch:
            batch.hours()
            bodies = [(one, canonical_json(vars(one))) for one in batch.undecided(decisions)]
            if bodies:
                self._tell(batch, "\n".join(body for _, body in bodies))
            for one, body in bodies:
                batch.decide(one, body)

    def extend(self, reference: Reference, hours: float) -> None:
        """Let no answer expire within so many hours; raises `VendorClosedError`."""
        if not is_duration(hours):
            raise VendorRefusedError(f"{hours} is no number of hours", where="extend")
        with self._changing("extend", reference) as batch:
            batch.refuse_closed()
            batch.extend(batch.clock + hours)

    def cancel(self, reference: Reference) -> None:
        """Withdraw all that is not delivered by the present hour."""
        with self._changing("cancel", reference) as batch:
            batch.hours()
            batch.withdraw()
            batch.end("cancelled")

    def close(self, reference: Reference) -> None:
        """Take no more tasks; what was asked for still arrives."""
        with self._changing("close", reference) as batch:
            batch.hours()
            batch.end("closed")

    def statement(self, references: Sequence[Reference]) -> Statement:
        """Count the tasks of some batches, and their answers that are to be paid."""
        tasks: dict[str, str] = {}
        answers, cost = 0, 0.0
        for reference in references:
            with self._reading("statement", reference) as batch:
                one = batch.statement(self._context.price)
            tasks |= one.tasks
            answers, cost = answers + one.answers, cost + one.cost
        return Statement(tasks, answers, cost)

    def disconnect(self) -> None:
        """Do nothing: no connection outlives a call."""

    @contextmanager
    def _reading(self, call: str, reference: Reference) -> Iterator[Batch]:
        with self._faults.call(call), self._batch(reference, writes=False) as batch:
            batch.hours()
            yield batch

    @contextmanager
    def _changing(self, call: str, reference: Reference) -> Iterator[Batch]:
        with self._faults.call(call, writes=True), self._batch(reference, writes=True) as batch:
            yield batch

    @contextmanager
    def _batch(self, reference: Reference, *, writes: bool) -> Iterator[Batch]:
        name = name_of(reference)
        with self._store.writing() if writes else self._store.reading() as database:
            yield Batch(database, self._context.campaign, name)

    def _epoch(self, clock: float) -> datetime:
        """Say when it was hour 0, if it is now the hour of the clock.

        Simulated people begin at the midnight after they were asked: so all batches of a day have
        the same times however long a round takes, and no answer is older than its question.
        """
        if self._options.start:
            return datetime.fromisoformat(self._options.start)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=1) - timedelta(hours=clock)

    def _tell(self, batch: Batch, body: str) -> None:
        self._context.outgoing(f"simulated: batch {batch.name}", body.encode())


def _hours(cursor: Mapping[str, Any], batch: Batch) -> float:
    hours: Any = cursor.get("hours")
    if not is_duration(hours):
        raise VendorRefusedError(f"is no cursor of the simulated vendor: {dict(cursor)}")
    if hours > batch.clock:
        what = f"the simulated vendor is at hour {batch.clock:g} here, and was at {hours:g} before"
        raise VendorRefusedError(what, where=batch.name, fix=ELSEWHERE)
    return float(hours)


def _body(task: Task) -> str:
    guess = vars(task.prelabel) if task.prelabel else None
    return canonical_json(vars(task) | {"payload": dict(task.payload), "prelabel": guess})
