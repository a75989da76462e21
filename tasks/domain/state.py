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
    """List the rounds that are finished, in order, those that were undone among them."""
    return [entry.round for entry in of_kind(entries, "round_closed")]


def undone_rounds(entries: Entries) -> dict[int, Mapping[str, Any]]:
    """Give the rounds that were thrown away, in that order, and what was said of each.

    A body holds ``round``, ``reason`` and ``ask_again``.
    """
    return {entry.round: entry.body for entry in of_kind(entries, "undone")}


def standing_rounds(entries: Entries) -> list[int]:
    """List the closed rounds that were not undone, in order: what the campaign goes on from."""
    undone = undone_rounds(entries)
    return [number for number in closed_rounds(entries) if number not in undone]


def is_closed(entries: Entries, round_number: int) -> bool:
    """Whether a round is finished."""
    return last(entries, "round_closed", round_number) is not None


def current_round(entries: Entries) -> int:
    """Give the round that is open, or else the next to open.

    The number of a round that was undone is never used again, as its tag stays.
    """
    return max(closed_rounds(entries), default=-1) + 1


def opened(entries: Entries) -> Entry | None:
    """Find the entry that opened the current round; None while none is open.

    A round that was opened before another one was undone starts from what no longer stands, so it
    has to be opened again.
    """
    found = last(entries, "round_opened", current_round(entries))
    undone = last(entries, "undone")
    return None if found is None or (undone and undone.seq > found.seq) else found


def stop(entries: Entries) -> Mapping[str, Any] | None:
    """Give the decision ``{"rule", "reason", "go_on"}`` by which the campaign is stopped, if it is.

    It is that of the last round that stands, unless the campaign was reopened since.
    """
    standing = standing_rounds(entries)
    if not standing or reopened(entries) is not None:
        return None
    closed = last(entries, "round_closed", standing[-1])
    return closed.body["stop"] if closed else None


def reopened(entries: Entries) -> Entry | None:
    """Find the entry that reopened the campaign after the last round that stands."""
    standing = standing_rounds(entries)
    return last(entries, "reopened", standing[-1]) if standing else None


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
