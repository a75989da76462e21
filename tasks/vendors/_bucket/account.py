"""A campaign's account with a partner: one prefix of a bucket, or one folder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from tasks.domain.errors import (
    BatchConflictError,
    BatchDeletedError,
    CapabilityMissingError,
    VendorClosedError,
    VendorRefusedError,
)
from tasks.domain.files import pretty_json
from tasks.domain.incoming import Page, Progress, Receipt, Statement
from tasks.domain.outgoing import BatchSpec, Decision, Reference, Task, VendorContext
from tasks.objects.store import open_objects
from tasks.trust import guard
from tasks.vendors._bucket.batch import Batch, checked
from tasks.vendors._bucket.cursor import from_json, page
from tasks.vendors._bucket.lines import lines_of, tally, wanted
from tasks.vendors._bucket.log import Line, Log
from tasks.vendors._bucket.options import MAX_TASKS, Accepted, Options
from tasks.vendors._bucket.results import Reading, Results

MOST_HOURS = 24.0 * 366 * 10


class BucketAccount:
    """A campaign's account with a partner."""

    def __init__(self, options: Options, context: VendorContext) -> None:
        self._options, self._context = options, context
        for need in options.needs():
            guard.require(need, context.home.parent)
        self._objects = open_objects(options.url, options.access)
        self._log = Log(self._objects, context.outgoing, options.delimiter)
        self._results = Results(self._objects, options)

    def preflight(self) -> None:
        """Raise a `VendorError` unless the bucket is there and can be listed."""
        self._objects.check()

    def ensure_batch(self, spec: BatchSpec) -> Reference:
        """Write ``batch.json``, unless it is there."""
        name = f"{checked(spec.name)}/batch.json"
        content = self._description(spec)
        there = self._objects.get(name)
        if there is None and self._put_new(name, content):
            return {"batch": spec.name}
        there = there or self._objects.get(name)
        if there is None or there.content != content:
            what = "there is another batch of that name"
            raise BatchConflictError(what, where=f"{self._objects.url}/{name}")
        return {"batch": spec.name}

    def submit(self, reference: Reference, tasks: Sequence[Task]) -> list[Receipt]:
        """Write one more file with the tasks that are in none."""
        batch = self._batch(reference)
        if batch.has("closed.json") or batch.has("cancelled.json"):
            raise VendorClosedError("was closed", where=f"{self._objects.url}/{batch.name}")
        if len(tasks) > MAX_TASKS:
            raise CapabilityMissingError(f"takes {MAX_TASKS} tasks at once, not {len(tasks)}")
        form = self._options.format
        lines = lines_of(tasks, form)
        there = self._log.add(batch.objects, f"{batch.name}/tasks-", form, lines)
        return [Receipt(task.key, there[task.key][0]) for task in tasks]

    def reconcile(self, reference: Reference) -> list[Receipt]:
        """List the tasks that are in files, by key."""
        there = self._tasks(self._batch(reference))
        return [Receipt(key, place) for key, (place, _) in sorted(there.items())]

    def poll(self, reference: Reference) -> Progress:
        """Count, by one listing and what this account has not read yet."""
        batch = self._batch(reference)
        copies = wanted(self._tasks(batch))
        answered, gone = tally(copies, self._reading(batch))
        expected = sum(copies.values())
        if batch.final or batch.has("cancelled.json"):
            gone = expected - answered
        made = datetime.fromisoformat(batch.objects[f"{batch.name}/batch.json"].modified)
        hours = (self._objects.now() - made) / timedelta(hours=1)
        return Progress(expected, answered, max(0.0, hours), gone)

    def fetch(self, reference: Reference, cursor: Mapping[str, Any] | None) -> Page:
        """Get the rows that are new since a cursor, by files' names."""
        taken = from_json(cursor)
        return page(self._reading(self._batch(reference)), taken)

    def export_raw(self, reference: Reference) -> tuple[Mapping[str, Any], ...]:
        """Get all rows."""
        reading = self._reading(self._batch(reference))
        records: list[Mapping[str, Any]] = []
        part = Page((), {"files": {}}, more=True)
        while part.more:
            part = page(reading, from_json(part.cursor))
            records += part.records
        return tuple(records)

    def decide(self, reference: Reference, decisions: Sequence[Decision]) -> None:
        """Write one more file with the decisions on answers that have none."""
        self._refuse_unable("decide")
        batch = self._batch(reference)
        reading = self._reading(batch)
        ids = reading.given_ids(self._options.title("answer_id"))
        people = {one: answer.annotator_id for one, answer in reading.current.items()}
        lines = [
            asdict(one)
            | {"annotator": people.get(one.answer_id), "partner_id": ids.get(one.answer_id)}
            for one in decisions
        ]
        stem = f"{batch.name}/decisions-"
        self._log.add(batch.objects, stem, "jsonl", lines, by="answer_id")

    def extend(self, reference: Reference, hours: float) -> None:
        """Write until when the batch is to stay open."""
        self._refuse_unable("extend")
        if not 0 < hours < MOST_HOURS:
            raise VendorRefusedError(f"{hours} hours are no time to wait")
        batch = self._batch(reference)
        until = self._objects.now() + timedelta(hours=hours)
        line = {"until": until.isoformat(timespec="seconds"), "hours": hours}
        stem = f"{batch.name}/extended-"
        self._log.add(batch.objects, stem, "jsonl", [line], by="until")

    def cancel(self, reference: Reference) -> None:
        """Write ``cancelled.json``."""
        self._refuse_unable("cancel")
        self._mark(self._batch(reference), "cancelled.json")

    def close(self, reference: Reference) -> None:
        """Write ``closed.json``."""
        self._mark(self._batch(reference), "closed.json")

    def statement(self, references: Sequence[Reference]) -> Statement:
        """Count what is in the files; the cost is that of the answers that were not rejected."""
        tasks: dict[str, str] = {}
        answers = paid = 0
        for reference in references:
            batch = self._batch(reference)
            there = self._tasks(batch)
            tasks |= {key: place for key, (place, _) in sorted(there.items())}
            decided = self._log.read(batch.objects, f"{batch.name}/decisions-", "answer_id")
            rejected = {key for key, (_, line) in decided.items() if not line.get("accept")}
            given = [
                answer_id
                for answer_id, answer in self._reading(batch).current.items()
                if answer.label is not None and answer.key in there
            ]
            answers += len(given)
            paid += len(set(given) - rejected)
        return Statement(tasks, answers, paid * self._context.price)

    def disconnect(self) -> None:
        """Let go of connections."""
        self._objects.close()

    def _batch(self, reference: Reference) -> Batch:
        name = checked(reference.get("batch"))
        batch = Batch(name, {info.name: info for info in self._objects.find(f"{name}/")})
        if not batch.has("batch.json"):
            where = f"{self._objects.url}/{name}"
            raise BatchDeletedError("there is no such batch any more", where=where)
        return batch

    def _tasks(self, batch: Batch) -> dict[str, tuple[str, Line]]:
        return self._log.read(batch.objects, f"{batch.name}/tasks-")

    def _reading(self, batch: Batch) -> Reading:
        return self._results.read(batch.results, f"{batch.name}/", final=batch.final)

    def _mark(self, batch: Batch, name: str) -> None:
        if not batch.has(name):
            self._put_new(f"{batch.name}/{name}", pretty_json({"batch": batch.name}).encode())

    def _put_new(self, name: str, content: bytes) -> bool:
        self._context.outgoing(f"PUT {self._objects.url}/{name}", content)
        return self._objects.put_new(name, content)

    def _description(self, spec: BatchSpec) -> bytes:
        body = asdict(spec) | {
            "protocol": 1,
            "campaign": self._context.campaign,
            "fields": [{"name": name, "kind": kind} for name, kind in spec.fields.items()],
        }
        return pretty_json(body).encode()

    def _refuse_unable(self, ability: Accepted) -> None:
        if ability not in self._options.accepts:
            what = f"the partner has not agreed to {ability}"
            fix = f"agree upon it, then add {ability} to vendor.options.accepts"
            raise CapabilityMissingError(what, where=self._objects.url, fix=fix)
