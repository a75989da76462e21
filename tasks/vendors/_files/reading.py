"""Rows of a file as a spreadsheet has saved it, in whichever of its ways."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.domain.errors import VendorRefusedError
from tasks.vendors._files.cells import folded, unguard
from tasks.vendors._files.options import Options, filled_in

BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
SAVE_AS = "save it as 'CSV UTF-8 (comma delimited)'"
# The first line that Excel understands as the delimiter's name.
SEP = re.compile(r'"?sep=(.)"?\r?\n|"?sep=(.)"?\r', re.IGNORECASE)


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
    skipped = 0
    if found := SEP.match(text):
        text, skipped = text[found.end() :], 1
    delimiter, titles = _titles(text, name, options)
    places = _places(titles, name, options)
    return [
        Row(number + skipped, {ours: cells[at] for ours, at in places.items() if at < len(cells)})
        for number, cells in enumerate(_cells(text, delimiter, name), start=1)
        if number > 1 and any(cell.strip() for cell in cells)
    ]


def _decoded(content: bytes, name: str, options: Options) -> str:
    if content.startswith(b"PK\x03\x04") or content.startswith(b"\xd0\xcf\x11\xe0"):
        raise VendorRefusedError("is a spreadsheet, not CSV", where=name, fix=SAVE_AS)
    for bom, marked in BOMS.items():
        if content.startswith(bom):
            return _decode(content[len(bom) :], marked, name)
    if (encoding := _unmarked_utf16(content)) is not None:
        return _decode(content, encoding, name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decode(content, options.encoding, name)


def _unmarked_utf16(content: bytes) -> str | None:
    # Titles are Latin letters in most files: every other byte of them is zero in UTF-16.
    begin = content[:64]
    if len(begin) >= 4 and not any(begin[1::2]):
        return "utf-16-le"
    return "utf-16-be" if len(begin) >= 4 and not any(begin[::2]) else None


def _decode(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, errors="replace")
        line = len(re.findall(r"\r\n|\r|\n", before)) + 1
        byte, kind = content[error.start], encoding.removesuffix("-sig")
        what = f"line {line}: byte 0x{byte:02x} is not {kind}"
        fix = f"{SAVE_AS}, or set vendor.options.encoding to what it is, such as cp1252"
        raise VendorRefusedError(what, where=name, fix=fix) from None


def _cells(text: str, delimiter: str, name: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: list[list[str]] = []
    try:
        for row in reader:
            found.append(row)
    except csv.Error as error:
        what = f"row {len(found) + 1} is not CSV ({error})"
        raise VendorRefusedError(what, where=name, fix=SAVE_AS) from None
    return found


def _titles(text: str, name: str, options: Options) -> tuple[str, list[str]]:
    """Find the delimiter: the one that finds most of the columns in the first row."""
    wanted = {folded(options.title(ours)) for ours in _needed(options)}

    def found(delimiter: str) -> tuple[int, int]:
        titles = {folded(unguard(title)) for title in _first(text, delimiter, name)}
        return len(wanted & titles), len(titles)

    delimiter = max((options.delimiter, ",", ";", "\t"), key=found)
    return delimiter, _first(text, delimiter, name)


def _first(text: str, delimiter: str, name: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise VendorRefusedError(f"is not CSV ({error})", where=name, fix=SAVE_AS) from None


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
