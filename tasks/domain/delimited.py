"""Text with delimiters between its cells, as a spreadsheet has saved it, in whichever of its ways.

Both the files of items and the files that annotators fill in come from such programs.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t")
BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .ods, and .xls and encrypted workbooks begin, whatever their names end in."""
# The first line that Excel understands as the delimiter's name.
SEP = re.compile(r'"?sep=(.)"?\r?\n|"?sep=(.)"?\r', re.IGNORECASE)


class UnreadableError(Exception):
    """Bytes that are no text, or text that has no cells; says what is wrong, and in which line."""


@dataclass(frozen=True)
class Decoded:
    """Text, and the encoding that its bytes were in."""

    text: str
    encoding: str


def decode(content: bytes, otherwise: str) -> Decoded:
    """Decode what is marked as UTF-8 or UTF-16, or is one of them, or else is in `otherwise`.

    Raises
    ------
    UnreadableError
        A byte cannot be; names it and its line.
    """
    for bom, marked in BOMS.items():
        if content.startswith(bom):
            return _in(content[len(bom) :], marked)
    if (encoding := _unmarked_utf16(content)) is not None:
        return _in(content, encoding)
    try:
        return Decoded(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _in(content, otherwise)


def without_sep(text: str) -> tuple[str, str | None]:
    """Take away a first line ``sep=;``; give the rest, and the delimiter that it named."""
    found = SEP.match(text)
    return (text[found.end() :], found[1] or found[2]) if found else (text, None)


def records(text: str, delimiter: str) -> Iterator[list[str]]:
    """Read one record after another.

    Raises
    ------
    UnreadableError
        A record is no CSV; says which.
    """
    reader, number = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 0
    try:
        for number, record in enumerate(reader, start=1):  # noqa: B007 - told if the next fails
            yield record
    except csv.Error as error:
        raise UnreadableError(f"row {number + 1} is not CSV ({error})") from None


def _in(content: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(content.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, errors="replace")
        line = len(re.findall(r"\r\n|\r|\n", before)) + 1
        byte, kind = content[error.start], encoding.removesuffix("-sig")
        raise UnreadableError(f"line {line}: byte 0x{byte:02x} is not {kind}") from None


def _unmarked_utf16(content: bytes) -> str | None:
    # Titles are Latin letters in most files: every other byte of them is zero in UTF-16.
    begin = content[:64]
    if len(begin) >= 4 and not any(begin[1::2]):
        return "utf-16-le"
    return "utf-16-be" if len(begin) >= 4 and not any(begin[::2]) else None
