"""A vendor that takes tasks without saying so."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.delivery.sending import Sending
from tasks.domain import state
from tasks.domain.errors import OutcomeUnknownError
from tasks.domain.ports import Receipt, Task
from tasks.ledger.local import LocalLedger

TASKS = [Task(f"key-{number}", f"item-{number}", 1, {}) for number in range(4)]


@dataclass
class Forgetful:
    """Takes all tasks, and forgets every other receipt."""

    has: list[str] = field(default_factory=list)

    def ensure_batch(self, batch: str) -> None:
        pass

    def submit(self, batch: str, tasks: Sequence[Task]) -> list[Receipt]:
        self.has += [task.key for task in tasks]
        return [Receipt(task.key, f"task-{task.key}") for task in tasks[::2]]

    def reconcile(self, batch: str) -> list[Receipt]:
        return [Receipt(key, f"task-{key}") for key in self.has]


def test_a_task_without_a_receipt_is_asked_for_and_not_sent_again(tmp_path: Path) -> None:
    vendor, ledger = Forgetful(), LocalLedger(tmp_path / "ledger")
    sending = Sending("batch", 0, ledger, vendor)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknownError, match="no receipt for 2 of 4 tasks, such as key-1"):
        sending.run(TASKS)
    assert state.last(ledger.entries(), "tasks_received") is None
    sending.run(TASKS)
    received = state.last(ledger.entries(), "tasks_received")
    assert received is not None
    assert sorted(received.body["receipts"]) == vendor.has == [task.key for task in TASKS]
