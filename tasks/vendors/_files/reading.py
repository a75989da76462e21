"""Rows of a file as a spreadsheet has saved it, in whichever of its ways."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.domain import delimited
from tasks.domain.delimited import UnreadableError
from tasks.domain.errors import VendorRefusedError
from tasks.vendors._files.cells import folded, unguard
from tasks.vendors._files.options import Options, filled_in

SAVE_AS = "save it as 'CSV UTF-8 (comma delimited)'"


@dataclass(frozen=True)
class Row:
    """One row that is not empty.

    Attributes
    ----------
    number : int
        As a spreadsheet counts: the titles are row 1.
    cells : dict of str to str
        As they were written, by labelloop's own names of the columns.
    """

    number: int
    cells: dict[str, str]


def rows(content: bytes, name: str, options: Options) -> list[Row]:
    """Read a file.

    Raises
    ------
    VendorRefusedError
        It is no CSV file, cannot be decoded, or lacks a column; nothing of it is used.
    """
    text = _decoded(content, name, options)
    text, named = delimited.without_sep(text)
    skipped = 0 if named is None else 1
    delimiter, titles = _titles(text, name, options)
    places = _places(titles, name, options)
    return [
        Row(number + skipped, {ours: cells[at] for ours, at in places.items() if at < len(cells)})
        for number, cells in enumerate(_cells(text, delimiter, name), start=1)
        if number > 1 and any(cell.strip() for cell in cells)
    ]


def _decoded(content: bytes, name: str, options: Options) -> str:
    if content.startswith(delimited.WORKBOOKS):
        raise VendorRefusedError("is a spreadsheet, not CSV", where=name, fix=SAVE_AS)
    try:
        return delimited.decode(content, options.encoding).text
    except UnreadableError as error:
        fix = f"{SAVE_AS}, or set vendor.options.encoding to what it is, such as cp1252"
        raise VendorRefusedError(str(error), where=name, fix=fix) from None


def _cells(text: str, delimiter: str, name: str) -> list[list[str]]:
    try:
        return list(delimited.records(text, delimiter))
    except UnreadableError as error:
        raise VendorRefusedError(str(error), where=name, fix=SAVE_AS) from None


def _titles(text: str, name: str, options: Options) -> tuple[str, list[str]]:
    """Find the delimiter: the one that finds most of the columns in the first row."""
    wanted = {folded(options.title(ours)) for ours in _needed(options)}

    def found(delimiter: str) -> tuple[int, int]:
        titles = {folded(unguard(title)) for title in _first(text, delimiter, name)}
        return len(wanted & titles), len(titles)

    delimiter = max((options.delimiter, *delimited.DELIMITERS), key=found)
    return delimiter, _first(text, delimiter, name)


def _first(text: str, delimiter: str, name: str) -> list[str]:
    try:
        return next(delimited.records(text, delimiter), [])
    except UnreadableError as error:
        raise VendorRefusedError(str(error), where=name, fix=SAVE_AS) from None


def _needed(options: Options) -> tuple[str, ...]:
    return ("key", *filled_in(options))


def _places(titles: Sequence[str], name: str, options: Options) -> dict[str, int]:
    have = [folded(unguard(title)) for title in titles]
    places = {}
    for ours in _needed(options):
        title = options.title(ours)
        count = have.count(folded(title))
        if count != 1:
            listed = ", ".join(repr(one[:40]) for one in titles[:20]) or "nothing"
            what = f"has {count or 'no'} column {title!r}; row 1 has {listed}"
            fix = "give the titles back that the file had"
            raise VendorRefusedError(what, where=name, fix=fix)
        places[ours] = have.index(folded(title))
    return places
