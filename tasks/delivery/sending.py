"""Sending a batch so that a process may die anywhere and nothing is bought twice.

Before a call stands an intent in the ledger, after it a receipt. Where an intent has no receipt,
the vendor is asked what it has before anything is sent again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tasks.delivery.payloads import PRELABEL
from tasks.domain import crash, state
from tasks.domain.errors import OutcomeUnknownError
from tasks.domain.ports import Account, Ledger, Task

CHUNK = 500
"""Tasks in one call."""


@dataclass(frozen=True)
class Sending:
    """One batch on its way to a vendor."""

    batch: str
    round: int
    ledger: Ledger
    account: Account

    def run(self, tasks: Sequence[Task]) -> None:
        """Bring all tasks to the vendor, each once."""
        with crash.guarded("vendor:ensure_batch"):
            self.account.ensure_batch(self.batch)
        for chunk, start in enumerate(range(0, len(tasks), CHUNK)):
            if not self._says("tasks_received", chunk):
                self._send(chunk, tasks[start : start + CHUNK])

    def _send(self, chunk: int, tasks: Sequence[Task]) -> None:
        attempted = self._says("tasks_intended", chunk)
        keys = [task.key for task in tasks]
        self._record("tasks_intended", chunk, {"keys": keys})
        receipts = self._reconciled(chunk) if attempted else {}
        if missing := [task for task in tasks if task.key not in receipts]:
            with crash.guarded(f"vendor:submit:{chunk}"):
                new = self.account.submit(self.batch, missing)
            receipts = receipts | {receipt.key: receipt.task_id for receipt in new}
        if unknown := [key for key in keys if key not in receipts]:
            raise OutcomeUnknownError(
                f"gave no receipt for {len(unknown)} of {len(keys)} tasks, such as {unknown[0]}",
                where=f"the vendor, batch {self.batch}",
                fix="run again: it is asked what it has before anything is sent",
            )
        self._record("tasks_received", chunk, {"receipts": {key: receipts[key] for key in keys}})

    def _reconciled(self, chunk: int) -> dict[str, str]:
        with crash.guarded(f"vendor:reconcile:{chunk}"):
            there = self.account.reconcile(self.batch)
        return {receipt.key: receipt.task_id for receipt in there}

    def _says(self, kind: str, chunk: int) -> bool:
        entries = state.of_kind(self.ledger.entries(), kind, self.round)
        return any(entry.body["chunk"] == chunk for entry in entries)

    def _record(self, kind: str, chunk: int, facts: Mapping[str, Any]) -> None:
        self.ledger.record(self.round, kind, {"batch": self.batch, "chunk": chunk, **facts})


def tasks_of(batch: pd.DataFrame) -> list[Task]:
    """Make the vendor's tasks of a batch (`tasks.domain.tables.BATCH`).

    They are in the order of their keys, which are hashes: so nobody can tell gold by its place.
    """
    ordered = batch.sort_values("key")
    columns = (ordered[name] for name in ("key", "item_id", "copy", "payload"))
    return [_task(*row) for row in zip(*columns, strict=True)]


def _task(key: str, item_id: str, copy: int, payload: str) -> Task:
    content = json.loads(payload)
    prelabel = content.pop(PRELABEL, None)
    return Task(key, item_id, int(copy), content, prelabel)
