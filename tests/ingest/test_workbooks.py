import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tasks.domain.errors import DataError
from tasks.domain.expansion import GIB, Room
from tasks.ingest import workbooks

ROOM = Room("a.xlsx", GIB)


def workbook(rows: list[list[Any]], change: Callable[[Any], None] = lambda book: None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def again(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Write a workbook's parts anew."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def in_sheet(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    return lambda name, part: part.replace(old, new) if "worksheets/" in name else part


def rows(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workbooks.read(content, "a.xlsx", ROOM).table.to_pylist()
    return found


def test_cells_are_the_text_that_csv_would_hold() -> None:
    values = [7, 7.0, 0.1, True, "007", None, "#N/A", dt.datetime(2026, 1, 2), dt.time(3, 4)]
    (row,) = rows(workbook([[f"c{n}" for n in range(len(values))], values]))
    expected = ["7", "7", "0.1", "true", "007", "", "#N/A", "2026-01-02", "03:04:00"]
    assert list(row.values()) == expected


def test_zeros_that_a_format_shows_are_there_and_rounded_numbers_are_told_as_such() -> None:
    def change(book: Any) -> None:
        book.active["A2"].number_format = "00000"

    content = workbook([["zip", "n"], [1234, 2**60 + 1], [7, 2**50 + 1]], change)
    assert rows(content) == [
        {"zip": "01234", "n": "1.152921504606847e+18"},
        {"zip": "7", "n": str(2**50 + 1)},
    ]


def test_empty_rows_columns_and_blanks_around_titles_are_left_out() -> None:
    content = workbook([[], [" id ", None, "x"], [1, None, 2], [None, None, None], [3, "", None]])
    assert rows(content) == [{"id": "1", "x": "2"}, {"id": "3", "x": ""}]


def test_the_first_visible_sheet_with_values_is_read_and_the_others_are_named() -> None:
    def change(book: Any) -> None:
        book.create_sheet("secret", 0).append(["no"])
        book["secret"].sheet_state = "hidden"
        book.create_sheet("notes").append(["why"])

    shard = workbooks.read(workbook([["id"], [1]], change), str(Path("/x") / "a.xlsx"), ROOM)
    assert shard.table.to_pylist() == [{"id": "1"}]
    assert shard.remarks == ("of a.xlsx only the sheet 'Sheet' is read, not 'notes'",)


def test_formulas_count_as_their_values() -> None:
    content = workbook([["id", "x"], [1, "=1+1"]])
    computed = again(content, in_sheet(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"))
    computed = again(computed, in_sheet(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>"))
    computed = again(computed, in_sheet(b"<f>1+1</f><v/>", b"<f>1+1</f><v>2</v>"))
    assert rows(computed) == [{"id": "1", "x": "2"}]


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "no workbook": (lambda: b"item_id,x\n", "no workbook, or was cut short"),
    "cut short": (lambda: workbook([["id"], [1]])[:-100], "cut short"),
    "empty": (lambda: workbook([]), "holds no items"),
    "titles alone": (lambda: workbook([["id", "x"]]), "holds no items"),
    "a title twice": (lambda: workbook([["id", "id"], [1, 2]]), "2 columns named 'id'"),
    "no title": (lambda: workbook([["id", None, "y"], [1, 2, 3]]), "column 2 has no name"),
    "beyond the titles": (lambda: workbook([["id"], [1, 2]]), "row 2: has 2 cells, and 1 titles"),
    "an error": (lambda: workbook([["id"], ["#DIV/0!"]]), "cell A2: has the error #DIV/0!"),
    "a formula without a value": (
        lambda: workbook([["id", "x"], [1, "=1+1"]]),
        "cell B2: has a formula whose value was never computed",
    ),
    "encrypted": (lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "is encrypted"),
    "entities": (
        lambda: again(workbook([["id"], [1]]), lambda name, part: BOMB + part),
        "document type",
    ),
    "nonsense in a sheet": (
        lambda: again(workbook([["id"], [1]]), in_sheet(b"<row", b"<raw")),
        "cannot be read as a workbook",
    ),
    "rows without end": (
        lambda: again(workbook([["id"], [1]]), in_sheet(b'r="2"', b'r="99999999999"')),
        "more than",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_table_is_refused_in_one_line(case: str) -> None:
    make, expected = BAD[case]
    with pytest.raises(DataError) as caught:
        workbooks.read(make(), "a.xlsx", ROOM)
    assert expected in str(caught.value)
    assert str(caught.value).startswith("a.xlsx")


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_BYTES", 1 << 20)
    content = workbook([["id"], [1]])
    bomb = again(content, lambda name, part: part + b" " * (1 << 20 if "sheet1" in name else 0))
    assert len(bomb) < 20_000
    with pytest.raises(DataError, match="unpacks to 1 MiB; 1 are the most"):
        workbooks.read(bomb, "a.xlsx", ROOM)
