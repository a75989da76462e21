"""The simulated vendor in the hands of a test: its database is written where people would act."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from contracts.exemptions import EXEMPT
from labelloop_contracts.world import CAMPAIGN, CLASSES, ITEMS, PRICE, Trouble, World

from tasks import registry
from tasks.domain import tables
from tasks.domain.outgoing import Outgoing, Reference, VendorContext
from tasks.domain.ports import Account
from tasks.vendors._simulated.batches import Batch
from tasks.vendors._simulated.records import timestamp
from tasks.vendors._simulated.store import FILE, Store

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
NEVER = 500_000.0
"""Simulated hours after which its own annotators answer: nobody waits for that."""
MOMENT = 0.01
"""Simulated hours between two things that people do."""
WRITES = (
    "SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM tasks)"
    " + (SELECT count(*) FROM decisions) + (SELECT count(*) FROM batches WHERE state != 'open')"
)
LATEST = (
    "SELECT body FROM records WHERE key = ? AND json_extract(body, '$.annotator') = ?"
    " AND hours < ? AND kind IN ('answer', 'extra') ORDER BY revision DESC LIMIT 1"
)


class SimulatedWorld(World):
    """A simulated vendor whose own annotators are all but asleep."""

    exempt = EXEMPT["simulated"]

    def __init__(self, folder: Path, **options: Any) -> None:
        self.vendor = registry.build("vendors", "simulated", {"median_hours": NEVER, **options})
        store = Path(self.vendor.store) if self.vendor.store else folder / FILE
        self._folder, self._store = folder, Store(store)
        self._instant: str | None = None
        rows = [(item, CLASSES[number % 3]) for number, item in enumerate(ITEMS)]
        frame = pd.DataFrame(rows, columns=["item_id", "label"])
        tables.write(folder / "truth.parquet", frame, tables.TRUTH)

    def connect(self, outgoing: Outgoing | None = None) -> Account:
        told = {"outgoing": outgoing} if outgoing else {}
        truth = self._folder / "truth.parquet"
        context = VendorContext(CAMPAIGN, CLASSES, PRICE, 11, self._folder, truth, **told)
        account: Account = self.vendor.connect(context)
        return account

    def answer(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        self._say(reference, key, annotator, label)

    def skip(self, reference: Reference, key: str, annotator: str) -> None:
        self._say(reference, key, annotator, None, note="skip")

    def leave_empty(self, reference: Reference, key: str, annotator: str) -> None:
        self._say(reference, key, annotator, None, note="empty")

    def edit(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        self._change(reference, key, annotator, {"label": label})

    def delete(self, reference: Reference, key: str, annotator: str) -> None:
        self._change(reference, key, annotator, {"label": None, "note": "deleted"})

    def expire(self, reference: Reference, key: str) -> None:
        with self._batch(reference) as (batch, hours):
            batch.database.execute(
                "UPDATE records SET kind = 'expiry', labelled = 0, hours = ?"
                " WHERE key = ? AND hours > ?",
                (hours, key, hours),
            )

    def pass_time(self) -> None:
        with self._store.writing() as database:
            query = "SELECT max(hours) FROM records WHERE hours < ?"
            (latest,) = database.execute(query, (NEVER / 100,)).fetchone()
            Batch(database, CAMPAIGN, "").advance(latest or 0.0)

    @contextmanager
    def same_instant(self) -> Iterator[None]:
        self._instant = timestamp(START, 1.0)
        yield
        self._instant = None

    def predict(self, reference: Reference, key: str, label: str) -> None:
        self._beside(reference, key, label, "model")

    def import_gold(self, reference: Reference, key: str, label: str) -> None:
        self._beside(reference, key, label, "import")

    def add_foreign_task(self, reference: Reference) -> None:
        self._beside(reference, "of-somebody-else", "ash", "annotator")

    def delete_batch(self, reference: Reference) -> None:
        with self._store.writing() as database:
            for table in ("batches", "tasks", "records", "decisions"):
                database.execute(f"DELETE FROM {table} WHERE batch = ?", (reference["batch"],))

    def unacceptable(self) -> Mapping[str, Any]:
        return {"note": "a tree", "height": float("nan")}

    @contextmanager
    def trouble(self, kind: Trouble, *, writes: bool = True, times: int = 1) -> Iterator[None]:
        with self._store.writing() as database:
            database.execute("INSERT INTO faults VALUES (?, ?, ?)", (kind, not writes, times))
        yield
        with self._store.writing() as database:
            database.execute("DELETE FROM faults")

    def event(self, reference: Reference) -> tuple[Mapping[str, str], bytes]:
        body = json.dumps({"batch": reference["batch"]}).encode()
        return {"content-type": "application/json"}, body

    def count_tasks(self, reference: Reference) -> int:
        return int(self._one("SELECT count(*) FROM tasks WHERE batch = ?", reference["batch"]))

    def payload(self, reference: Reference, key: str) -> Mapping[str, Any]:
        body = json.loads(self._one("SELECT body FROM tasks WHERE key = ?", key))
        payload: Mapping[str, Any] = body["payload"]
        return payload

    def count_writes(self) -> int:
        return int(self._one(WRITES))

    def stored(self) -> bytes:
        with self._store.reading() as database:
            specs = database.execute("SELECT spec FROM batches ORDER BY rowid").fetchall()
            bodies = database.execute("SELECT body FROM tasks ORDER BY rowid").fetchall()
            decisions = database.execute("SELECT body FROM decisions ORDER BY rowid").fetchall()
        return "\n".join(body for (body,) in [*specs, *bodies, *decisions]).encode()

    def _say(
        self, reference: Reference, key: str, annotator: str, label: str | None, **more: Any
    ) -> None:
        with self._batch(reference) as (batch, hours):
            ids = batch.database.execute(
                "SELECT answer_id, json_extract(body, '$.annotator') FROM records"
                " WHERE key = ? AND revision = 0 AND kind = 'answer' AND hours < ?",
                (key, hours),
            ).fetchall()
            query = "SELECT copies FROM tasks WHERE key = ?"
            (copies,) = batch.database.execute(query, (key,)).fetchone()
            wanted = len(ids) < copies and annotator not in {who for _, who in ids}
            (number,) = batch.database.execute("SELECT count(*) FROM records").fetchone()
            record = self._record(f"answer-{number}", key, annotator, label, hours) | more
            batch.add(hours, "answer" if wanted else "extra", record)

    def _change(
        self, reference: Reference, key: str, annotator: str, change: Mapping[str, Any]
    ) -> None:
        with self._batch(reference) as (batch, hours):
            row = batch.database.execute(LATEST, (key, annotator, hours)).fetchone()
            before = json.loads(row[0])
            later = {"submitted_at": self._time(hours), "revision": before["revision"] + 1}
            batch.add(hours, "answer", before | later | dict(change))

    def _beside(self, reference: Reference, key: str, label: str, source: str) -> None:
        with self._batch(reference) as (batch, hours):
            record = self._record(f"{source}-{key}", key, "somebody", label, hours)
            batch.add(hours, "junk", record | {"source": source})

    def _record(
        self, answer_id: str, key: str, annotator: str, label: str | None, hours: float
    ) -> dict[str, Any]:
        return {
            "answer_id": answer_id,
            "task_key": key,
            "annotator": annotator,
            "source": "annotator",
            "label": label,
            "submitted_at": self._time(hours),
            "seconds": 4.5,
            "revision": 0,
        }

    def _time(self, hours: float) -> str:
        return self._instant or timestamp(START, hours)

    @contextmanager
    def _batch(self, reference: Reference) -> Iterator[tuple[Batch, float]]:
        """Give a batch, and an hour that no page has reached, after all that people did."""
        with self._store.writing() as database:
            batch = Batch(database, CAMPAIGN, str(reference["batch"]))
            query = "SELECT max(hours) FROM records WHERE hours < ?"
            (latest,) = database.execute(query, (NEVER / 100,)).fetchone()
            yield batch, max(batch.clock, latest or 0.0) + MOMENT

    def _one(self, query: str, *values: Any) -> Any:
        with self._store.reading() as database:
            return database.execute(query, values).fetchone()[0]
