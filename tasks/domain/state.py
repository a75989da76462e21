"""Where a campaign stands, by its ledger alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.entries import Entry

Entries = tuple[Entry, ...]


def of_kind(entries: Entries, kind: str, round_number: int | None = None) -> Iterator[Entry]:
    """Go through the entries of one kind, oldest first, of one round or of all."""
    for entry in entries:
        if entry.kind == kind and round_number in (None, entry.round):
            yield entry


def last(entries: Entries, kind: str, round_number: int | None = None) -> Entry | None:
    """Find the newest entry of one kind."""
    return next(of_kind(entries[::-1], kind, round_number), None)


def closed_rounds(entries: Entries) -> list[int]:
    """List the rounds that are finished, in order."""
    return [entry.round for entry in of_kind(entries, "round_closed")]


def is_closed(entries: Entries, round_number: int) -> bool:
    """Whether a round is finished."""
    return last(entries, "round_closed", round_number) is not None


def current_round(entries: Entries) -> int:
    """Give the round that is open, or else the next to open."""
    return len(closed_rounds(entries))


def stop(entries: Entries) -> Mapping[str, Any] | None:
    """Give the stop decision, ``{"rule", "reason"}``, if the last finished round made one."""
    closed = last(entries, "round_closed")
    return closed.body["stop"] if closed else None


def is_sent(entries: Entries, round_number: int) -> bool:
    """Whether a round's batch is with the vendor, whole."""
    return last(entries, "batch_sent", round_number) is not None


def is_collected(entries: Entries, round_number: int) -> bool:
    """Whether nothing more of a round is waited for."""
    return last(entries, "collected", round_number) is not None


def state(entries: Entries) -> str:
    """Give ready, awaiting_labels or stopped."""
    current = current_round(entries)
    if is_sent(entries, current) and not is_collected(entries, current):
        return "awaiting_labels"
    return "stopped" if stop(entries) else "ready"
