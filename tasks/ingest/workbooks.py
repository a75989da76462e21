"""Read Excel workbooks, as the text that a CSV file of the same sheet would hold."""

import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.domain.errors import DataError
from tasks.domain.expansion import Room
from tasks.ingest import titles
from tasks.ingest.shards import Shard

MOST_BYTES = 1 << 30
"""That a workbook may unpack to, however large it is."""
MOST_ROWS, MOST_CELLS = 1 << 20, 50_000_000
PIECE, OVERLAP = 1 << 20, 64
# XML's own means to unfold into more than there is; no program writes it into a workbook.
DOCTYPE = re.compile(b"\x00?".join(re.escape(bytes([byte])) for byte in b"<!DOCTYPE"), re.I)
FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")
ZEROS = re.compile(r"0{2,}")
SAVE_AS = "save the sheet as CSV"


def read(content: bytes, name: str, room: Room) -> Shard:
    """Read the first sheet that has values; its first row has the titles.

    Formulas count as the values that the spreadsheet last computed. Numbers are written with as
    many leading zeros as their format shows, dates as ISO 8601.

    Raises
    ------
    DataError
        It is no workbook, unpacks to too much, has no values, or a cell has an error or a formula
        whose value was never computed.
    """
    formulas = _looked_into(content, name, room)
    try:
        with warnings.catch_warnings():
            # Of charts, styles and extensions that it leaves out; dates beyond their limits.
            warnings.simplefilter("ignore", UserWarning)
            return _first_sheet(content, name, formulas)
    except DataError:
        raise
    except Exception as error:
        # The library raises anything at what is malformed.
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(
            f"cannot be read as a workbook ({reason})", where=name, fix=SAVE_AS
        ) from error


def _looked_into(content: bytes, name: str, room: Room) -> bool:
    """Refuse what is no workbook or a trap, before anything of it is parsed; find formulas."""
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        what = "is encrypted, or of a format before .xlsx"
        raise DataError(what, where=name, fix="save it as .xlsx without a password, or as CSV")
    formulas = False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MOST_BYTES:
                what = f"unpacks to {size / 2**20:.0f} MiB; {MOST_BYTES / 2**20:.0f} are the most"
                raise DataError(what, where=name, fix=SAVE_AS)
            room.require(size)
            for member in archive.infolist():
                for piece in _pieces(archive, member):
                    room.take(len(piece))
                    if DOCTYPE.search(piece):
                        raise DataError("has a document type, as no workbook", where=name)
                    is_sheet = member.filename.startswith("xl/worksheets/")
                    formulas = formulas or (is_sheet and bool(FORMULA.search(piece)))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError):
        what = "is no workbook, or was cut short"
        raise DataError(what, where=name, fix="save it again as .xlsx") from None
    except (RuntimeError, OSError, zlib.error) as error:
        raise DataError(f"cannot be unpacked ({error})", where=name, fix=SAVE_AS) from None
    return formulas


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    tail = b""
    with archive.open(member) as stream:
        while piece := stream.read(PIECE):
            yield tail + piece
            tail = piece[-OVERLAP:]


def _first_sheet(content: bytes, name: str, formulas: bool) -> Shard:
    # Imported late: a campaign without workbooks does not need it.
    from openpyxl import load_workbook

    values = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    written = load_workbook(io.BytesIO(content), read_only=True) if formulas else None
    found: dict[str, list[list[str]]] = {}
    for sheet in values.worksheets:
        other = written[sheet.title] if written else None
        if sheet.sheet_state == "visible" and (rows := _rows(sheet, other, name, bool(found))):
            found[sheet.title] = rows
    if not found:
        raise DataError("holds no items", where=name, fix="put titles and rows into a sheet")
    (title, rows), *others = found.items()
    remarks = (_remark(Path(name).name, title, [other for other, _ in others]),) if others else ()
    return Shard(name, _table(rows, name), typed=False, remarks=remarks)


def _remark(name: str, title: str, others: Sequence[str]) -> str:
    return f"of {name} only the sheet {title!r} is read, not {', '.join(map(repr, others))}"


def _rows(sheet: Any, written: Any, name: str, only_one: bool) -> list[list[str]]:
    """Write a sheet's rows down as text, none that is empty; the first only if asked."""
    sheet.reset_dimensions()
    others: Any = repeat(None)
    if written is not None:
        written.reset_dimensions()
        others = written.iter_rows()
    rows: list[list[str]] = []
    cells = 0
    for number, (row, formulas) in enumerate(zip(sheet.iter_rows(), others, strict=False), 1):
        cells += len(row)
        if number > MOST_ROWS or cells > MOST_CELLS:
            raise DataError(f"has more than {MOST_CELLS:,} cells", where=name, fix=SAVE_AS)
        _refuse_uncomputed(row, formulas or (), name)
        texts = [_text(cell, name) for cell in row]
        if any(text.strip() for text in texts):
            rows.append(_fitted(texts, len(rows[0]) if rows else None, number, name))
            if only_one:
                return rows
    return rows


def _fitted(texts: list[str], width: int | None, number: int, name: str) -> list[str]:
    """Cut what is empty at a row's end, and fill it up, to the width of the titles."""
    while texts and not texts[-1].strip():
        texts.pop()
    if width is None:
        return texts
    if len(texts) > width:
        what = f"has {len(texts)} cells, and {width} titles are in the first row"
        raise DataError(what, where=f"{name} row {number}", fix="give each column a title")
    return texts + [""] * (width - len(texts))


def _refuse_uncomputed(row: Sequence[Any], formulas: Sequence[Any], name: str) -> None:
    for cell, formula in zip(row, formulas, strict=False):
        is_empty = cell.value is None and cell.data_type != "str"
        if formula.data_type == "f" and is_empty:
            raise DataError(
                "has a formula whose value was never computed",
                where=f"{name} cell {formula.coordinate}",
                fix="open it in a spreadsheet and save it, or put the value there",
            )


def _text(cell: Any, name: str) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e" and value != "#N/A":
        what = f"has the error {value}"
        raise DataError(what, where=f"{name} cell {cell.coordinate}", fix="mend or empty it")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "")
    return _time(value) if isinstance(value, dt.date | dt.time | dt.timedelta) else str(value)


def _number(value: float, shown_as: str) -> str:
    # A workbook keeps 5 as 5.0, and numbers above 2**53 only about: those stay as they are.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and ZEROS.fullmatch(shown_as):
        return f"{value:0{len(shown_as)}d}"
    return repr(value)


def _time(value: Any) -> str:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value) if isinstance(value, dt.timedelta) else str(value.isoformat())


def _table(rows: list[list[str]], name: str) -> pa.Table:
    first, *others = rows
    if not others:
        raise DataError("holds no items", where=name)
    columns = zip(*others, strict=True)
    arrays = [pa.chunked_array([pa.array(column, pa.string())]) for column in columns]
    return titles.table(first, arrays, name)
