"""Facts that are true once, whichever process says them first."""

from collections.abc import Mapping
from typing import Any

from tasks.domain import state
from tasks.domain.entries import Entry
from tasks.domain.errors import EntryExistsError, LedgerError
from tasks.domain.ports import Ledger

RACES = 1000


def find(ledger: Ledger, round_number: int, kind: str, **about: Any) -> Entry | None:
    """Find the entry of a kind that is about something, such as a batch."""
    for entry in state.of_kind(ledger.entries(), kind, round_number):
        if all(entry.body.get(name) == value for name, value in about.items()):
            return entry
    return None


def say(
    ledger: Ledger, round_number: int, kind: str, body: Mapping[str, Any], **about: Any
) -> Entry:
    """Write a fact unless another process was first; then give what that one wrote.

    What two processes see at a vendor may differ. The first to say it is believed by both.
    """
    for _ in range(RACES):
        seq = len(ledger.entries())
        if there := find(ledger, round_number, kind, **about):
            return there
        try:
            return ledger.append(round_number, kind, {**about, **body}, seq=seq)
        except EntryExistsError:
            continue
    raise LedgerError(f"lost {RACES} races for the next entry")
