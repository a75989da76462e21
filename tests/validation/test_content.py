from typing import Any

import pyarrow as pa
import pytest

from tasks.domain import tables
from tasks.validation.content import check

POOL = pa.table(
    {
        "item_id": ["a", "b", "c", "d", "e", "f"],
        "x": pa.array([1, 2, 1, 3, 1, None], pa.int64()),
        "v": [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], None, [1.0, 2.0], None],
        "other": [1, 2, 3, 4, 5, 6],
    }
)
HOLDOUT = pa.table(
    {
        "item_id": ["y", "z"],
        "x": pa.array([3, 9], pa.int64()),
        "v": pa.array([None, [9.0, 9.0]]),
        "other": [0, 0],
    }
)


def labels(**classes: str | None) -> pa.Table:
    rows = [
        {
            "item_id": item,
            "label": label,
            "status": "labelled" if label else "returned",
        }
        for item, label in classes.items()
    ]
    schema = pa.schema(
        [tables.LABELS.schema.field(name) for name in ("item_id", "label", "status")]
    )
    return pa.Table.from_pylist(rows, schema)


def found(features: list[str], pool: pa.Table = POOL, **classes: str | None) -> dict[str, Any]:
    findings = check(pool, HOLDOUT, labels(**classes), features)
    return {one.expectation: (one.count, one.items) for one in findings if not one.success}


def test_equal_features_are_found_whatever_else_differs() -> None:
    assert found(["x", "v"]) == {
        "contents_in_holdout": (1, ("d",)),
        "duplicate_contents": (2, ("c", "e")),
    }


def test_one_feature_that_differs_is_enough() -> None:
    assert found(["x", "v", "other"]) == {}


def test_missing_values_are_equal_to_each_other_alone() -> None:
    assert found(["v"])["duplicate_contents"] == (4, ("b", "c", "e", "f"))


def test_equal_contents_with_different_labels_are_contradictions() -> None:
    assert "contradicting_labels" not in found(["x", "v"], a="oak", c="oak", b="ash")
    assert found(["x", "v"], a="oak", c="ash", e=None, b="ash")["contradicting_labels"] == (
        2,
        ("a", "c"),
    )


def test_ids_are_compared_even_where_no_feature_column_is_there() -> None:
    pool = POOL.set_column(0, "item_id", [["y", "b", "c", "d", "e", "f"]])
    assert found(["nowhere"], pool) == {"items_in_holdout": (1, ("y",))}


@pytest.mark.parametrize(
    "values",
    [
        ["one", "two", "one"],
        [b"\x00\x01", b"\x00", b"\x00\x01"],
        [True, False, True],
        [[[1, 2], [3, 4]], [[1, 2], [3, 5]], [[1, 2], [3, 4]]],
        [[None, 1.0], [2.0, 1.0], [None, 1.0]],
    ],
)
def test_every_kind_of_column_can_be_compared(values: list[object]) -> None:
    pool = pa.table({"item_id": ["a", "b", "c"], "x": values})
    nothing = pool.slice(0, 0)
    findings = {one.expectation: one for one in check(pool, nothing, labels(), ["x"])}
    assert findings["duplicate_contents"].items == ("c",)
