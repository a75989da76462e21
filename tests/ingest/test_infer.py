from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.domain.errors import DataError
from tasks.ingest.infer import infer, pick_id, pick_label
from tasks.ingest.kinds import kind_of
from tasks.ingest.source import open_source

N = 60
RNG = np.random.default_rng(0)
WORDS = [" ".join(RNG.choice(["oak", "ash", "elm", "fir", "yew"], 6)) for _ in range(N)]

KINDS: dict[str, tuple[str, Any, str | None]] = {
    "reals": ("x", RNG.normal(size=N), "numeric"),
    "whole numbers": ("x", RNG.integers(9, size=N), "numeric"),
    "numbers with nulls": ("x", [None, *RNG.normal(size=N - 1)], "numeric"),
    "row numbers": ("x", np.arange(N) + 5, None),
    "true and false": ("x", RNG.integers(2, size=N).astype(bool), "categorical"),
    "few strings": ("x", ["oak", "ash"] * (N // 2), "categorical"),
    "few strings with nulls": ("x", ["oak", "ash", None] * (N // 3), "categorical"),
    "texts": ("x", WORDS, "text"),
    "long words": ("x", [f"{number:050d}" for number in range(N)], "text"),
    "ids": ("x", [f"u{number}" for number in range(N)], None),
    "dates": ("x", [date(2026, 1, 1 + number % 28) for number in range(N)], None),
    "dates as strings": ("x", [f"2026-01-{1 + number % 28:02d}" for number in range(N)], None),
    "constant string": ("x", ["oak"] * N, None),
    "constant number": ("x", [1.0] * N, None),
    "nothing": ("x", [None] * N, None),
    "which split": ("Split", ["train", "test"] * (N // 2), None),
    "real vectors": ("x", RNG.normal(size=(N, 9)).tolist(), "embedding"),
    "real square vectors": ("x", RNG.normal(size=(N, 16)).tolist(), "embedding"),
    "whole vectors, no square": ("x", RNG.integers(9, size=(N, 17)).tolist(), "embedding"),
    "whole square vectors": ("x", RNG.integers(9, size=(N, 16)).tolist(), "image"),
    "called embedding": ("my_Embedding", RNG.integers(9, size=(N, 16)).tolist(), "embedding"),
    "real pixels": ("pixels", RNG.random(size=(N, 64)).tolist(), "image"),
    "ragged lists": ("x", [[1.0] * (1 + number % 2) for number in range(N)], None),
    "lists of strings": ("x", [["a", "b"]] * N, None),
    "empty lists": ("x", [[]] * N, None),
    "PNG": ("x", [b"\x89PNG\r\n\x1a\n" + bytes(number) for number in range(N)], "image"),
    "JPEG": ("x", [b"\xff\xd8\xff" + bytes(number) for number in range(N)], "image"),
    "bytes of square images": ("x", [bytes(64)] * N, "image"),
    "other bytes": ("x", [bytes(number) for number in range(N)], None),
    "objects": ("x", [{"a": 1}] * N, None),
}


@pytest.mark.parametrize("case", KINDS)
def test_each_kind_of_column_is_told(case: str) -> None:
    name, values, expected = KINDS[case]
    kind, reason = kind_of(name, pa.chunked_array([pa.array(values)]))
    assert kind == expected
    assert bool(reason) == (expected is None)


def table(**columns: Any) -> pa.Table:
    n = len(next(iter(columns.values())))
    ids = [f"i{number}" for number in range(n)]
    return pa.table({"item_id": ids, **columns, "x": RNG.normal(size=n)})


def test_digits() -> None:
    source = open_source("example:digits", Path())
    found = infer(source.table(id="item_id", label="label"), id="item_id", label="label")
    assert found.classes == tuple("0123456789")
    assert found.features == found.image == ("pixels",)
    assert found.left_out == {}


def test_features_are_listed_by_kind_and_others_with_a_reason() -> None:
    label = ["a", "b"] * (N // 2)
    items = table(label=label, label_detail=label, text=WORDS, one=[1] * N)
    found = infer(items, id="item_id", label="label")
    assert found.features == ("x", "text")
    assert set(found.left_out) == {"label_detail", "one"}
    assert "label" in found.left_out["label_detail"]


def test_a_campaign_without_features_is_refused() -> None:
    items = pa.table({"item_id": ["a", "b"], "label": ["x", "y"], "split": ["train", "test"]})
    with pytest.raises(DataError, match="split"):
        infer(items, id="item_id", label="label")


def test_classes_are_sorted_or_as_given() -> None:
    items = table(label=["b", None, "a"])
    assert infer(items, id="item_id", label="label").classes == ("a", "b")
    given = infer(items, id="item_id", label="label", classes=["c", "b", "a"])
    assert given.classes == ("c", "b", "a")
    assert infer(items, id="item_id", label=None, classes=["z", "y"]).classes == ("z", "y")


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        (["a"] * N, None, "only one class, 'a'"),
        ([None] * N, None, "no class in column 'label'"),
        ([str(number / 7) for number in range(N)], None, "different values"),
        ([str(number) for number in range(0, 300, 2)], None, "150 different values"),
        ([f"c{number}" for number in range(1001)], None, "1001 different values"),
        (["a", "b", "c"], ["a", "b"], "'c'"),
    ],
)
def test_labels_that_cannot_be_classes(
    labels: list[str | None], classes: list[str] | None, words: str
) -> None:
    items = table(label=pa.array(labels, pa.string()))
    with pytest.raises(DataError, match=words):
        infer(items, id="item_id", label="label", classes=classes)


def test_many_classes_that_are_numbered_through_are_classes() -> None:
    items = table(label=[str(number % 150) for number in range(300)])
    assert len(infer(items, id="item_id", label="label").classes) == 150


def test_no_label_column_and_no_classes() -> None:
    with pytest.raises(DataError, match=r"--label.*--classes"):
        infer(table(a=[1.0, 2.0]), id="item_id", label=None)


@pytest.mark.parametrize(
    ("columns", "found"),
    [(["x", "item_id", "id"], "item_id"), (["ID", "x"], "ID"), (["x", "uuid"], "uuid")],
)
def test_the_id_column_is_found_by_its_name(columns: list[str], found: str) -> None:
    assert pick_id(columns) == found


def test_an_id_column_may_not_be_there_but_the_named_one_must() -> None:
    assert pick_id(["x", "y"]) is None
    with pytest.raises(DataError, match="did you mean 'number'"):
        pick_id(["number", "y"], "numbre")


def test_the_label_column_is_found_by_its_name_or_there_is_none() -> None:
    assert pick_label(["x", "Target", "y"]) == "Target"
    assert pick_label(["x", "z"]) is None
    assert pick_label(["x", "label"], "x") == "x"
    with pytest.raises(DataError, match="'grade'"):
        pick_label(["x"], "grade")
