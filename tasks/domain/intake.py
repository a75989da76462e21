"""Items and labels that came into a campaign after it was made, and from which round they count.

The ledger has an entry for each file that came in. The round that is opened next lists all of them
in round.json, with their digests; so what counts in a round is settled when it is opened, and what
comes in later waits for the round after it.
"""

from typing import Any

from tasks.domain import state
from tasks.domain.entries import Entry
from tasks.domain.state import Entries

ADDED, IMPORTED = "items_added", "labels_imported"
"""The kinds of ledger entries that say that a file came in; its body's ``files`` has digests."""

Files = dict[str, Any]


def arrivals(entries: Entries) -> list[Entry]:
    """List the entries of all files that ever came in, oldest first."""
    return [entry for entry in entries if entry.kind in (ADDED, IMPORTED)]


def files(entries: Entries) -> Files:
    """Give the digests of all files that ever came in, by path."""
    return {path: of for entry in arrivals(entries) for path, of in entry.body["files"].items()}


def find(entries: Entries, path: str) -> Entry | None:
    """Find the entry of a file, by where it was put."""
    return next((entry for entry in arrivals(entries) if entry.body["path"] == path), None)


def waiting(entries: Entries) -> list[Entry]:
    """List the entries of files that no round counts yet."""
    opened = state.last(entries, "round_opened")
    counted = opened.body.get("intake", {}) if opened else {}
    return [entry for entry in arrivals(entries) if not entry.body["files"].keys() <= set(counted)]


def next_round(entries: Entries) -> int:
    """Give the round that is opened next: what comes in now counts from it on."""
    return state.current_round(entries) + (state.opened(entries) is not None)


def first_round(entries: Entries, path: str) -> int | None:
    """Find the round from which a file counts; None while it waits for one to be opened."""
    opened = state.of_kind(entries, "round_opened")
    return next((one.round for one in opened if path in one.body.get("intake", {})), None)
