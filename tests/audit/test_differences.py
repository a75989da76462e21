import io
import json
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.audit import differences


def parquet(**columns: list[Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def skops(**members: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def test_the_first_rows_that_differ_are_shown() -> None:
    before = parquet(item=["a", "b", "c"], score=[0.25, 0.5, float("nan")])
    after = parquet(item=["a", "x", "c"], score=[0.25, 0.75, float("nan")])
    assert differences.first("d.parquet", before, after) == [
        "d.parquet row 1 item: b → x",
        "d.parquet row 1 score: 0.5 → 0.75",
    ]


def test_other_columns_and_fewer_rows_are_said() -> None:
    one, other = parquet(a=[1, 2]), parquet(b=[1, 2])
    assert differences.first("t.parquet", one, other) == ["t.parquet columns: ['a'] → ['b']"]
    fewer = differences.first("t.parquet", one, parquet(a=[1]))
    assert fewer == ["t.parquet rows: 2 → 1"]


def test_keys_that_differ_are_shown() -> None:
    before = json.dumps({"accuracy": {"value": 0.5}, "gone": 1, "same": [1, 2]}).encode()
    after = json.dumps({"accuracy": {"value": 0.75}, "same": [1, 3]}).encode()
    assert differences.first("m.json", before, after) == [
        "m.json accuracy.value: 0.5 → 0.75",
        "m.json gone: 1 → nothing",
        "m.json same.1: 2 → 3",
    ]


def test_members_of_a_model_are_shown() -> None:
    before, after = skops(schema="{}", a="one"), skops(schema="{ }", a="one")
    assert differences.first("m.skops", before, after) == [
        "m.skops member schema: 2 bytes → 3 bytes"
    ]


def test_lines_are_shown() -> None:
    assert differences.first("x.jsonl", b"a\nb\n", b"a\nc\n") == ["x.jsonl line 2: b → c"]


@pytest.mark.parametrize("ending", ["parquet", "json", "skops", "jsonl", "bin"])
@settings(max_examples=30)
@given(recorded=st.binary(max_size=60), replayed=st.binary(max_size=60))
def test_any_bytes_are_told_apart_in_few_lines(
    ending: str, recorded: bytes, replayed: bytes
) -> None:
    lines = differences.first(f"f.{ending}", recorded, replayed)
    assert 1 <= len(lines) <= differences.SHOWN
    assert all(line.startswith(f"f.{ending} ") for line in lines)
