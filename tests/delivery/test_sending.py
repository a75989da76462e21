"""Vendors that take tasks without saying so, decline some, or fail now and then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.delivery import sending
from tasks.delivery.sending import Sending
from tasks.domain import state
from tasks.domain.errors import (
    OutcomeUnknownError,
    RejectedItemError,
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorError,
)
from tasks.domain.incoming import Receipt
from tasks.domain.outgoing import BatchSpec, Reference, Task
from tasks.ledger.local import LocalLedger

TASKS = [Task(f"key-{number}", f"item-{number}", {}) for number in range(4)]
KEYS = [task.key for task in TASKS]
SPEC = BatchSpec("batch", ("ash", "birch"), {"height": "value"}, copies=1, tasks=4)
WHERE = {"batch": "batch", "leg": 1, "vendor": "odd"}


@dataclass
class Odd:
    """Fails as it is told to; what it took, it has."""

    before: list[VendorError] = field(default_factory=list)
    after: list[VendorError] = field(default_factory=list)
    refuses: frozenset[str] = frozenset()
    forgets: int = 0
    has: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def ensure_batch(self, spec: BatchSpec) -> Reference:
        return {"name": spec.name}

    def submit(self, reference: Reference, tasks: Sequence[Task]) -> list[Receipt]:
        self.calls.append("submit")
        if self.before:
            raise self.before.pop(0)
        if bad := {task.key: "too large" for task in tasks if task.key in self.refuses}:
            raise RejectedItemError(bad)
        self.has += [task.key for task in tasks]
        if self.after:
            raise self.after.pop(0)
        self.forgets, said = 0, tasks[: len(tasks) - self.forgets]
        return [Receipt(task.key, f"task-{task.key}") for task in said]

    def reconcile(self, reference: Reference) -> list[Receipt]:
        self.calls.append("reconcile")
        return [Receipt(key, f"task-{key}") for key in self.has]


@pytest.fixture
def ledger(tmp_path: Path) -> LocalLedger:
    return LocalLedger(tmp_path / "ledger")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSE", 0.0)


def send(vendor: Odd, ledger: LocalLedger, most: int = 500) -> None:
    Sending(WHERE, 0, ledger, vendor, most).run(SPEC, TASKS)  # type: ignore[arg-type]


def receipts(ledger: LocalLedger) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in state.of_kind(ledger.entries(), "tasks_received"):
        found |= entry.body["receipts"]
    return found


def test_a_task_without_a_receipt_is_asked_for_and_not_sent_again(ledger: LocalLedger) -> None:
    vendor = Odd(forgets=2)
    send(vendor, ledger)
    assert vendor.calls == ["submit", "reconcile"]
    assert list(receipts(ledger)) == vendor.has == KEYS


def test_when_nobody_knows_whether_it_took_effect_it_looks_before_it_sends(
    ledger: LocalLedger,
) -> None:
    vendor = Odd(after=[OutcomeUnknownError("timed out")])
    send(vendor, ledger)
    assert vendor.calls == ["submit", "reconcile"]
    assert vendor.has == KEYS


def test_what_passes_is_tried_again_a_few_times(ledger: LocalLedger) -> None:
    passing: list[VendorError] = [ThrottledError("later", retry_after=0.0), TransientError("down")]
    vendor = Odd(before=passing)
    send(vendor, ledger)
    assert vendor.has == KEYS
    lasting = Odd(before=[TransientError("down")] * 9)
    with pytest.raises(TransientError):
        send(lasting, LocalLedger(ledger.folder.parent / "other"))
    assert lasting.calls.count("submit") == sending.ATTEMPTS


def test_what_does_not_pass_is_not_tried_again(ledger: LocalLedger) -> None:
    vendor = Odd(before=[VendorAuthError("revoked")])
    with pytest.raises(VendorAuthError):
        send(vendor, ledger)
    assert vendor.calls == ["submit"]
    send(vendor, ledger)
    assert vendor.calls == ["submit", "reconcile", "submit"]
    assert vendor.has == KEYS


def test_one_bad_task_is_set_aside_and_the_others_go(ledger: LocalLedger) -> None:
    vendor = Odd(refuses=frozenset({"key-2"}))
    send(vendor, ledger)
    assert sorted(vendor.has) == sorted(receipts(ledger)) == ["key-0", "key-1", "key-3"]
    rejected = state.last(ledger.entries(), "tasks_rejected")
    assert rejected is not None
    assert rejected.body["reasons"] == {"key-2": "too large"}
    before = len(ledger.entries())
    send(vendor, ledger)
    assert len(ledger.entries()) == before


def test_a_task_that_was_never_sent_cannot_be_rejected(ledger: LocalLedger) -> None:
    vendor = Odd(before=[RejectedItemError({"another": "unknown"})])
    with pytest.raises(RejectedItemError):
        send(vendor, ledger)


@pytest.mark.parametrize(("most", "calls"), [(1, 4), (3, 2), (4, 1), (5, 1)])
def test_no_call_has_more_tasks_than_the_vendor_takes(
    ledger: LocalLedger, most: int, calls: int
) -> None:
    vendor = Odd()
    send(vendor, ledger, most)
    assert vendor.calls == ["submit"] * calls
    assert vendor.has == KEYS


def test_no_pause_is_longer_than_the_longest() -> None:
    class Call:
        attempt_number = 9

        class outcome:  # noqa: N801
            @staticmethod
            def exception() -> VendorError:
                return ThrottledError("later", retry_after=3600.0)

    assert sending._pause(Call()) == sending.LONGEST  # type: ignore[arg-type]
