"""What of a batch's results is new since a cursor.

A cursor holds how much of each file was taken, and a digest of that much. A file that has grown
is taken from there; one whose beginning has changed is taken anew, as a later turn of its rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.domain.errors import VendorRefusedError
from tasks.domain.incoming import Page
from tasks.vendors._bucket.parsing import TURNS
from tasks.vendors._bucket.results import EMPTY, File, Reading
from tasks.vendors._bucket.rows import Record, anew

PAGE = 5000
"""Records in a page."""


@dataclass(frozen=True)
class Taken:
    """How much of a file was taken.

    Attributes
    ----------
    size : int
        Bytes.
    digest : str
        Of these bytes.
    turn : int
        How often what was taken has changed afterwards.
    """

    size: int = 0
    digest: str = ""
    turn: int = 0


Cursor = Mapping[str, Taken]


def page(reading: Reading, cursor: Cursor) -> Page:
    """Give what is new since a cursor, at most `PAGE` records."""
    records: list[Record] = []
    after = dict(cursor)
    gone = dict.fromkeys(cursor.keys() - reading.files.keys(), EMPTY)
    for name, file in sorted((reading.files | gone).items()):
        begin = _begin(file, cursor.get(name))
        if begin.turn > cursor.get(name, begin).turn:
            records.append(anew(name, begin.turn * TURNS))
        both = zip(file.rows, reading.ties.get(name, ()), strict=True)
        new = [(row, tie) for row, tie in both if row.end > begin.size]
        taken = new[: max(1, PAGE - len(records))]
        records += [row.record | {"tie": begin.turn * TURNS + tie} for row, tie in taken]
        end = taken[-1][0].end if taken else begin.size
        after[name] = Taken(end, file.digest(end), begin.turn)
        if len(taken) < len(new):
            return Page(tuple(records), to_json(after), more=True)
    return Page(tuple(records), to_json(after))


def to_json(cursor: Cursor) -> dict[str, Any]:
    """Write a cursor."""
    return {"files": {name: [one.size, one.digest, one.turn] for name, one in cursor.items()}}


def from_json(cursor: Mapping[str, Any] | None) -> Cursor:
    """Read a cursor; raises `VendorRefusedError`."""
    files = {} if cursor is None else cursor.get("files")
    if isinstance(files, Mapping) and all(map(_is_taken, files.values())):
        return {str(name): Taken(*one) for name, one in files.items()}
    raise VendorRefusedError(f"is no cursor of a bucket: {str(cursor)[:80]}")


def _begin(file: File, taken: Taken | None) -> Taken:
    if taken is None:
        return Taken()
    if taken.size <= len(file.content) and file.digest(taken.size) == taken.digest:
        return taken
    return Taken(turn=min(taken.turn + 1, TURNS - 1))


def _is_taken(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3:
        return False
    size, digest, turn = value
    whole = type(size) is int and type(turn) is int and isinstance(digest, str)
    return whole and size >= 0 and 0 <= turn < TURNS
