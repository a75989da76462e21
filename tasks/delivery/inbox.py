"""round/inbox.jsonl: what a round learned of its tasks, in the order of the ledger.

A line is a page of a vendor's records, untouched, or a note of what became of tasks: that some
were rejected, or that a batch was cancelled, or lost because it was deleted at its vendor.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.delivery import pages
from tasks.domain import digests, state, strict_json
from tasks.domain.entries import Entry
from tasks.domain.files import canonical_json

KINDS = ("looked", "tasks_rejected", "cancelled", "batch_lost")
"""The ledger's entries that each stand for a line."""


@dataclass(frozen=True)
class Item:
    """One record, and where in the inbox it stands; `leg` says whose form it has."""

    page: int
    position: int
    record: Any
    leg: int = 1
    batch: str = ""


@dataclass(frozen=True)
class Rejected:
    """The vendor did not take some tasks; `reasons` are by key."""

    reasons: Mapping[str, str]


@dataclass(frozen=True)
class Cancelled:
    """What a batch has not answered so far is not wanted any more.

    Attributes
    ----------
    leg : int
        Of the batch, which is this round's.
    resend : bool
        Whether the fallback vendor is asked for it.
    """

    leg: int
    resend: bool


@dataclass(frozen=True)
class Lost:
    """A batch was deleted at its vendor: what it has not answered so far will not come.

    Attributes
    ----------
    round, leg : int
        Of the batch; the round may be an earlier one.
    resend : bool
        Whether the same vendor is asked for it again.
    """

    round: int
    leg: int
    resend: bool


Line = Item | Rejected | Cancelled | Lost


def page(
    number: int, where: Mapping[str, Any], cursor: Mapping[str, Any], records: Sequence[Any]
) -> str:
    """Write a page as a line, without its end; `where` has batch, leg and vendor."""
    body = {"page": number, **where, "cursor": dict(cursor), "records": list(records)}
    return canonical_json(body)


def note(entry: Entry) -> str:
    """Write what the ledger says of rejected, cancelled or lost tasks as a line."""
    return canonical_json({"note": entry.kind, **entry.body})


def digest(line: str) -> str:
    """Give the SHA-256 of a line, without its end."""
    return digests.of_bytes(line.encode()).sha256


def entries(known: tuple[Entry, ...], round_number: int) -> list[Entry]:
    """List the entries that each stand for a line in the inbox of a round.

    A collected round learns nothing more, so a loss that is decided later belongs to the next.
    """
    collected: set[int] = set()
    found = []
    for entry in known:
        if entry.kind == "collected":
            collected.add(entry.round)
        late = entry.kind == "batch_lost" and entry.round in collected
        if entry.kind in KINDS and entry.round + late == round_number:
            found.append(entry)
    return found


def is_line(entry: Entry, line: str) -> bool:
    """Whether a line is what an entry stands for."""
    if entry.kind == "looked":
        return bool(digest(line) == entry.body["digest"])
    return line == note(entry)


def count(known: tuple[Entry, ...], round_number: int) -> int:
    """Count the pages of a round."""
    return sum(1 for _ in state.of_kind(known, "looked", round_number))


def records(path: Path, round_number: int, batch: str) -> list[Any]:
    """List all that was fetched of one batch in a round, as it came; as `items`."""
    lines = (strict_json.parse(text) for text in pages.read(path, round_number))
    mine = (line for line in lines if "note" not in line and line["batch"] == batch)
    return [record for line in mine for record in line["records"]]


def items(path: Path, round_number: int) -> Iterator[Line]:
    """Go through records and notes in the order in which they came.

    Raises
    ------
    DataError
        The file is missing, another round's, or not what it must be.
    """
    for text in pages.read(path, round_number):
        try:
            yield from _understood(strict_json.parse(text))
        except (ValueError, KeyError, TypeError):
            raise pages.broken(path, "holds a line that is no page") from None


def _understood(line: Mapping[str, Any]) -> Iterator[Line]:
    if line.get("note") == "tasks_rejected":
        yield Rejected(dict(line["reasons"]))
    elif line.get("note") == "cancelled":
        yield Cancelled(int(line["leg"]), bool(line["resend"]))
    elif line.get("note") == "batch_lost":
        yield Lost(int(line["round"]), int(line["leg"]), bool(line["resend"]))
    else:
        number, leg = int(line["page"]), int(line["leg"])
        for position, record in enumerate(list(line["records"])):
            yield Item(number, position, record, leg, str(line["batch"]))
