"""Sending a batch so that a process may die anywhere and nothing is bought twice.

Before a call stands an intent in the ledger, after it a receipt. Where an intent has no receipt,
the vendor is asked what it has before anything is sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from tasks.delivery import once
from tasks.domain import crash, digests, state
from tasks.domain.errors import (
    OutcomeUnknownError,
    RejectedItemError,
    ThrottledError,
    TransientError,
)
from tasks.domain.outgoing import BatchSpec, Reference, Task
from tasks.domain.ports import Account, Ledger

ATTEMPTS = 4
PAUSE = 0.5
"""Seconds before the second attempt; each later one waits twice as long."""
LONGEST = 30.0
"""The most seconds that one pause takes, whatever a vendor asks for."""


@dataclass(frozen=True)
class Sending:
    """One batch on its way to a vendor.

    Attributes
    ----------
    where : mapping
        batch, leg and vendor, for entries.
    most : int
        Tasks in one call.
    """

    where: Mapping[str, Any]
    round: int
    ledger: Ledger
    account: Account
    most: int

    def run(self, spec: BatchSpec, tasks: Sequence[Task]) -> None:
        """Bring all tasks to the vendor, each once."""
        reference = self._made(spec)
        done = self._keys("tasks_received", "receipts") | self._keys("tasks_rejected", "reasons")
        left = iter([task for task in tasks if task.key not in done])
        while chunk := list(islice(left, self.most)):
            self._chunk(reference, chunk)

    def _made(self, spec: BatchSpec) -> Reference:
        """Make the batch, once: one that was deleted at its vendor is not made again by this."""
        if made := once.find(self.ledger, self.round, "batch_made", batch=spec.name):
            known: Reference = made.body["reference"]
            return known
        body = {**self.where, "spec": digests.of_value(_plain(spec))}
        self._record("batch_wanted", body)
        with crash.guarded(f"vendor:ensure_batch:{spec.name}"):
            given = _retrying()(self.account.ensure_batch, spec)
        about = {"batch": spec.name}
        said = {**body, "reference": dict(given)}
        entry = once.say(self.ledger, self.round, "batch_made", said, **about)
        reference: Reference = entry.body["reference"]
        return reference

    def _chunk(self, reference: Reference, tasks: Sequence[Task]) -> None:
        keys = [task.key for task in tasks]
        name = digests.of_value(keys)[:8]
        attempted = bool(self._keys("tasks_intended", "keys") & set(keys))
        self._record("tasks_intended", {**self.where, "keys": keys})
        call = _Call(self.account, reference, tasks, name, look_first=attempted)
        try:
            receipts = _retrying()(call)
        except RejectedItemError as error:
            self._reject(error)
            left = [task for task in tasks if task.key not in error.reasons]
            if len(left) == len(tasks):
                raise
            if left:
                self._chunk(reference, left)
            return
        self._record("tasks_received", {**self.where, "receipts": receipts})

    def _reject(self, error: RejectedItemError) -> None:
        """Set tasks aside that the vendor cannot take, so that the others can go."""
        known = self._keys("tasks_intended", "keys")
        reasons = {key: reason for key, reason in error.reasons.items() if key in known}
        if reasons:
            self._record("tasks_rejected", {**self.where, "reasons": reasons})

    def _keys(self, kind: str, field: str) -> set[str]:
        entries = state.of_kind(self.ledger.entries(), kind, self.round)
        mine = (entry for entry in entries if entry.body["batch"] == self.where["batch"])
        return {key for entry in mine for key in entry.body[field]}

    def _record(self, kind: str, body: Mapping[str, Any]) -> None:
        self.ledger.record(self.round, kind, body)


@dataclass
class _Call:
    """Submitting a chunk, after looking what is there if an earlier try may have taken effect."""

    account: Account
    reference: Reference
    tasks: Sequence[Task]
    name: str
    look_first: bool

    def __call__(self) -> dict[str, str]:
        receipts = self._there() if self.look_first else {}
        self.look_first = True
        if missing := [task for task in self.tasks if task.key not in receipts]:
            with crash.guarded(f"vendor:submit:{self.name}"):
                new = self.account.submit(self.reference, missing)
            receipts |= {receipt.key: receipt.task_id for receipt in new}
        if unknown := [task.key for task in self.tasks if task.key not in receipts]:
            raise OutcomeUnknownError(
                f"gave no receipt for {len(unknown)} of {len(self.tasks)} tasks, "
                f"such as {unknown[0]}",
                where="the vendor",
                fix="run again: it is asked what it has before anything is sent",
            )
        return {task.key: receipts[task.key] for task in self.tasks}

    def _there(self) -> dict[str, str]:
        with crash.guarded(f"vendor:reconcile:{self.name}"):
            there = self.account.reconcile(self.reference)
        return {receipt.key: receipt.task_id for receipt in there}


def _plain(spec: BatchSpec) -> dict[str, Any]:
    return {**vars(spec), "classes": list(spec.classes), "fields": list(spec.fields.items())}


def _retrying() -> Retrying:
    passing = (OutcomeUnknownError, ThrottledError, TransientError)
    return Retrying(
        retry=retry_if_exception_type(passing),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_pause,
        reraise=True,
    )


def _pause(call: RetryCallState) -> float:
    error = call.outcome.exception() if call.outcome else None
    asked = error.retry_after if isinstance(error, ThrottledError) else None
    return min(LONGEST, asked if asked is not None else PAUSE * 2.0 ** (call.attempt_number - 1))
