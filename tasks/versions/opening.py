"""What a round starts from: the snapshot of the last round that stands, and all that was paid."""

from collections.abc import Mapping
from typing import Any

from tasks import campaign as at
from tasks.domain import intake, state

PAID = (at.SENT, at.ANSWERS)
"""What goes on from the last closed round, also if that was undone: it was asked and paid for."""
FIELDS = ("round", "base", "undone", "intake")


def next_record(entries: state.Entries) -> dict[str, Any]:
    """Say what the next round is opened with: the content of its round.json.

    ``base`` has the digests of the snapshot's files; ``undone``, if any round was, says of each
    whether the items that it asked may be asked again; ``intake``, if anything came in after the
    campaign was made, has the digests of those files.
    """
    record: dict[str, Any] = {"round": state.current_round(entries), "base": _base(entries)}
    if undone := state.undone_rounds(entries):
        record["undone"] = {str(number): body["ask_again"] for number, body in undone.items()}
    if came_in := intake.files(entries):
        record["intake"] = came_in
    return record


def record_of(opened: Mapping[str, Any]) -> dict[str, Any]:
    """Give the content of round.json out of the body of the entry that opened the round."""
    return {name: opened[name] for name in FIELDS if name in opened}


def _base(entries: state.Entries) -> dict[str, Any]:
    closed, standing = state.closed_rounds(entries), state.standing_rounds(entries)
    base = _snapshot(entries, standing[-1]) if standing else {}
    if closed:
        newest = _snapshot(entries, closed[-1])
        base |= {name: newest[name] for name in PAID if name in newest}
    return base


def _snapshot(entries: state.Entries, number: int) -> dict[str, Any]:
    sealed = state.last(entries, "snapshot", number)
    files = sealed.body["files"] if sealed else {}
    return {name: body for name, body in files.items() if name.startswith("snapshot/")}
