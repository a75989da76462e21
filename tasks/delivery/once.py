"""Facts that are true once, whichever process says them first."""

from collections.abc import Callable, Mapping
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
    said = say_while(lambda: True, ledger, round_number, kind, body, **about)
    assert said is not None
    return said


def say_while(
    holds: Callable[[], bool],
    ledger: Ledger,
    round_number: int,
    kind: str,
    body: Mapping[str, Any],
    **about: Any,
) -> Entry | None:
    """Write a fact that rests on what the ledger says, as `say` does, or give None.

    `holds` judges by the ledger whether the fact may still be said. Whatever another process
    writes meanwhile has it asked again, so the fact comes right after all that it rests on.
    """
    for _ in range(RACES):
        seq = len(ledger.entries())
        if there := find(ledger, round_number, kind, **about):
            return there
        if not holds():
            return None
        try:
            return ledger.append(round_number, kind, {**about, **body}, seq=seq)
        except EntryExistsError:
            continue
    raise LedgerError(f"lost {RACES} races for the next entry")
