import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.delivery import payloads
from tasks.domain.errors import DataError, ParamsError
from tasks.domain.files import canonical_json


@pytest.fixture
def pool(tmp_path):
    table = pa.table(
        {
            "item_id": ["a", "b"],
            "count": pa.array([3, None], pa.int64()),
            "vector": pa.array([[1.5, 2.5], []], pa.list_(pa.float32())),
            "photo": pa.array([b"\x00\xff", None], pa.binary()),
            "secret": ["s", "t"],
        }
    )
    pq.write_table(table, tmp_path / "pool.parquet")
    return tmp_path / "pool.parquet"


def test_only_the_fields_asked_for_are_read_and_keep_their_types(pool):
    found = payloads.read(pool, ["b", "a"], ["count", "vector", "photo"])
    assert found == {
        "a": {"count": 3, "vector": [1.5, 2.5], "photo": "AP8="},
        "b": {"count": None, "vector": [], "photo": None},
    }


def test_the_id_is_a_field_like_others(pool):
    assert payloads.read(pool, ["a"], ["item_id"]) == {"a": {"item_id": "a"}}


def test_nothing_asked_for_is_nothing_read(pool):
    assert payloads.read(pool, [], ["count"]) == {}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (np.float32(0.5), 0.5),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (datetime(2026, 1, 5, tzinfo=UTC), "2026-01-05T00:00:00+00:00"),
        (date(2026, 1, 5), "2026-01-05"),
        (timedelta(minutes=1), 60.0),
        (Decimal("1.10"), "1.10"),
        ({"bytes": b"a", "path": None}, {"bytes": "YQ==", "path": None}),
        ([("k", b"v")], [["k", "dg=="]]),
        (True, True),
        ("text", "text"),
    ],
)
def test_every_value_becomes_plain_json(value, plain):
    assert payloads.plain(value) == plain
    assert json.loads(canonical_json(payloads.plain(value))) == plain


def test_what_cannot_be_json_is_refused():
    with pytest.raises(DataError, match="a object cannot be sent"):
        payloads.plain(object())


def test_an_unknown_field_is_refused_with_the_nearest(pool):
    payloads.refuse_unknown(["count", "item_id"], pool)
    with pytest.raises(ParamsError, match=r"vendor\.send.*no column 'foto'; did you mean 'photo'"):
        payloads.refuse_unknown(["count", "foto"], pool)
    with pytest.raises(ParamsError, match="it has item_id, count"):
        payloads.refuse_unknown(["zzz"], pool)


def test_an_item_that_is_not_there_is_named(pool):
    with pytest.raises(DataError, match="item 'c' is to be sent"):
        payloads.read(pool, ["a", "c"], ["count"])


@pytest.mark.parametrize("content", [None, b"PAR1 cut short"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "pool.parquet"
    if content:
        path.write_bytes(content)
    for call in (
        lambda: payloads.read(path, ["a"], ["x"]),
        lambda: payloads.refuse_unknown([], path),
    ):
        with pytest.raises(DataError, match=r"pool\.parquet: (is missing|cannot be read)"):
            call()
