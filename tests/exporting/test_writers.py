import csv
import io
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.exporting.writers import writing
from tasks.vendors._files.cells import unguard

ROWS = pa.table(
    {
        "=name": ["=1+1", " @x", "-5", None, "\uff1d1", 'plain, "quoted"\nline'],
        "number": [-1.5, 0.1 + 0.2, float("nan"), None, 1e-300, 2.0],
        "flag": [True, False, None, True, True, False],
        "ids": [["-a", "b"], [], None, ["c"], ["d"], ["e"]],
        "bytes": [b"\xff\x00", b"", None, b"a", b"b", b"c"],
        "day": [date(2026, 1, 2), None, None, None, None, None],
    }
)


def written(ending: str) -> bytes:
    file = io.BytesIO()
    with writing(file, Path(f"out{ending}"), ROWS.schema) as write:
        write(ROWS.slice(0, 4))
        write(ROWS.slice(4))
    return file.getvalue()


def cells() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(".csv").decode(), newline="")))


def test_no_cell_of_text_begins_a_formula() -> None:
    names = [row["'=name"] for row in cells()]
    assert names == ["'=1+1", " '@x", "-5", "", "'\uff1d1", 'plain, "quoted"\nline']


def test_cells_are_read_back_as_they_were() -> None:
    rows = cells()
    assert [unguard(row["'=name"]) or None for row in rows] == ROWS["=name"].to_pylist()
    assert [row["number"] for row in rows[:2]] == ["-1.5", "0.30000000000000004"]
    assert [row["flag"] for row in rows[:3]] == ["true", "false", ""]
    assert json.loads(unguard(rows[0]["ids"])) == ["-a", "b"]
    assert rows[0]["bytes"] == "/wA="
    assert rows[0]["day"] == "2026-01-02"


def test_json_lines_have_values_and_null() -> None:
    first, _, third = [json.loads(line) for line in written(".jsonl").splitlines()][:3]
    assert first["=name"] == "=1+1"
    assert first["ids"] == ["-a", "b"]
    assert third["number"] is None


def test_parquet_has_the_table_itself() -> None:
    found = pq.read_table(pa.BufferReader(written(".parquet")))
    assert found.schema == ROWS.schema
    assert found["ids"].to_pylist() == ROWS["ids"].to_pylist()


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_table_without_rows_has_its_columns(ending: str) -> None:
    file = io.BytesIO()
    with writing(file, Path(f"out{ending}"), ROWS.schema):
        pass
    assert (ending == ".jsonl") == (file.getvalue() == b"")
