"""Read CSV and TSV as spreadsheets save them."""

import re
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from tasks.domain import delimited
from tasks.domain.delimited import UnreadableError
from tasks.domain.errors import DataError
from tasks.domain.parquet import MOST_COLUMNS
from tasks.ingest import titles
from tasks.ingest.shards import Shard

OTHERWISE = "cp1252"
"""The encoding of a file that is neither UTF-8 nor UTF-16: Excel's, where Latin letters are."""
SAVE_AS = "save it as 'CSV UTF-8 (comma delimited)'"
SAMPLE, RECORDS = 1 << 20, 100
NEAR = 20
"""Letters on either side of one that are shown to people."""
# So much of a file may lie in one row.
BLOCK = 1 << 26
UTF8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def read(content: bytes, name: str) -> Shard:
    """Read rows of text with a comma, a semicolon or a tab between their cells.

    Raises
    ------
    DataError
        It is empty, is no text, has too many columns, or a row of another length than the first.
    """
    found = _decoded(content, name)
    text, delimiter = delimited.without_sep(found.text)
    delimiter = delimiter or _delimiter(text)
    columns = _columns(text, delimiter, name)
    first = [str(column[0]) for column in columns]
    rows = titles.table(first, [column.slice(1) for column in columns], name)
    remarks = (_remark(found.text, Path(name).name),) if found.encoding == OTHERWISE else ()
    return Shard(name, rows, typed=False, semicolons=delimiter == ";", remarks=remarks)


def _decoded(content: bytes, name: str) -> delimited.Decoded:
    if content.startswith(delimited.WORKBOOKS):
        raise DataError("is a workbook, not text", where=name, fix="end its name in .xlsx")
    try:
        found = delimited.decode(content, OTHERWISE)
    except UnreadableError as error:
        raise DataError(
            f"is neither UTF-8 nor {OTHERWISE} ({error})", where=name, fix=SAVE_AS
        ) from None
    if found.encoding == OTHERWISE:
        _refuse_damaged_utf8(content, name)
    return found


def _refuse_damaged_utf8(content: bytes, name: str) -> None:
    """Refuse bytes that are UTF-8 for the most part: the rest was damaged on the way."""
    high = sum(len(part) for part in re.findall(rb"[\x80-\xff]+", content))
    if 2 * sum(len(part) for part in UTF8_SEQUENCE.findall(content)) <= high:
        return
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"is damaged UTF-8 (line {line}, byte {error.start})"
        raise DataError(what, where=name, fix=SAVE_AS) from None


def _remark(text: str, name: str) -> str:
    letter = re.search(r"[^\x00-\x7f]", text)
    example = f", as in {_word_around(text, letter.start())!r}" if letter else ""
    return f"{name} is not UTF-8 and was read as {OTHERWISE}{example}"


def _word_around(text: str, place: int) -> str:
    """Give the word that a letter is in, or the part of a long one that is near it."""
    before, after = text[max(0, place - NEAR) : place], text[place : place + NEAR]
    start = max(before.rfind(space) for space in " \t\r\n") + 1
    return before[start:] + re.split(r"\s", after, maxsplit=1)[0]


def _delimiter(text: str) -> str:
    """Find the delimiter that gives the first rows as many cells as the titles, and most."""
    sample = text[:SAMPLE]

    def found(delimiter: str) -> tuple[bool, int]:
        lengths = _lengths(sample, delimiter, whole=len(sample) == len(text))
        width = lengths[0] if lengths else 0
        return width > 1 and all(length == width for length in lengths), width

    return max(delimited.DELIMITERS, key=found)


def _lengths(sample: str, delimiter: str, *, whole: bool) -> list[int]:
    lengths = []
    try:
        for record in islice(delimited.records(sample, delimiter), RECORDS + 1):
            lengths.append(len(record))
    except UnreadableError:
        # Longer than Python's reader takes, or broken: Arrow's says so if it cannot read it.
        return [length for length in lengths if length]
    if len(lengths) > 1 and (len(lengths) > RECORDS or not whole):
        lengths.pop()
    return [length for length in lengths if length]


def _columns(text: str, delimiter: str, name: str) -> list[pa.ChunkedArray]:
    width = _width(text, delimiter, name)
    names = [str(number) for number in range(width)]
    try:
        rows: Any = pyarrow.csv.read_csv(
            pa.BufferReader(text.encode()),
            # With threads the parser no longer knows the row that is broken.
            pyarrow.csv.ReadOptions(use_threads=False, column_names=names, block_size=BLOCK),
            pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0].removeprefix("CSV parse error: ")
        raise DataError(f"is not CSV ({reason})", where=name) from None
    return list(rows.columns)


def _width(text: str, delimiter: str, name: str) -> int:
    try:
        first = next((one for one in delimited.records(text, delimiter) if one), [])
    except UnreadableError as error:
        raise DataError(str(error), where=name, fix=SAVE_AS) from None
    if not any(first):
        raise DataError("is an empty file", where=name)
    if len(first) > MOST_COLUMNS:
        what = f"has {len(first):,} columns; {MOST_COLUMNS:,} are the most"
        raise DataError(what, where=name)
    return len(first)
