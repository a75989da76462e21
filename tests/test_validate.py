import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tasks import campaign as at
from tasks import validate
from tasks.campaign import Campaign
from tasks.domain import digests, tables
from tasks.domain.errors import DataError
from tasks.ingest.infer import Columns
from tasks.ingest.template import Plan, params_yaml
from tasks.params import parse

N = 30
RNG = np.random.default_rng(1)
IDS = [f"i{number:02d}" for number in range(N)]
COLUMNS = Columns(
    "item_id", "label", ("ash", "oak"), ("size",), ("soil",), ("note",), ("v",), ("image",), {}
)
PARAMS = parse(params_yaml(Plan("trees", COLUMNS)))
ITEMS = pa.table(
    {
        "item_id": IDS,
        "size": np.arange(N) / 2,
        "soil": ["clay", "sand"] * (N // 2),
        "note": [f"tree number {number}" for number in range(N)],
        "v": RNG.normal(size=(N, 3)).tolist(),
        "image": RNG.integers(9, size=(N, 16)).tolist(),
    }
)
SUITES = validate.default_suites(PARAMS, ITEMS)


def answers(**columns: Any) -> pa.Table:
    values = {
        "answer_id": ["r1", "r2"],
        "key": "k",
        "item_id": ["i00", "i01"],
        "round": 0,
        "role": "query",
        "vendor": "simulated",
        "annotator_id": "w",
        "label": ["ash", "oak"],
        "answered_at": "",
        "seconds": 1.0,
        "revision": 0,
        "price": 0.1,
        "late": False,
    }
    frame = pd.DataFrame({**values, **columns})
    return pa.Table.from_pandas(frame, tables.ANSWERS.schema, preserve_index=False)


def labels(**columns: Any) -> pa.Table:
    values = {
        "item_id": ["i00", "i01"],
        "label": ["ash", None],
        "confidence": [0.9, 0.4],
        "status": ["labelled", "low_confidence"],
        "role": "query",
        "n_answers": 3,
        "answer_ids": [["r1"], ["r2"]],
        "aggregator": "majority",
        "round": 0,
    }
    frame = pd.DataFrame({**values, **columns})
    return pa.Table.from_pandas(frame, tables.LABELS.schema, preserve_index=False)


def frames(**changes: pa.Table) -> dict[str, pa.Table]:
    whole = {"pool": ITEMS.slice(5), "holdout": ITEMS.slice(0, 5)}
    return {**whole, "answers": answers(), "labels": labels(), **changes}


def with_values(name: str, values: dict[int, Any], table: pa.Table = ITEMS) -> pa.Table:
    """Change some cells of a column of the pool; the rows are those of all items."""
    cells = table[name].to_pylist()
    for row, value in values.items():
        cells[row] = value
    changed = table.set_column(table.column_names.index(name), name, [pa.array(cells)])
    return changed.slice(5)


def failed(data: dict[str, pa.Table]) -> list[Any]:
    found = validate.check(data, SUITES, PARAMS.features.columns)
    return [one for one in found if not one.success]


def test_sound_data_pass() -> None:
    found = validate.check(frames(), SUITES, PARAMS.features.columns)
    assert [one for one in found if not one.success] == []
    assert {one.suite for one in found} == {"pool", "holdout", "answers", "labels"}


def test_empty_tables_pass() -> None:
    empty = {"holdout": ITEMS.slice(0, 0), "answers": answers().slice(0, 0)}
    assert failed(frames(**empty, labels=labels().slice(0, 0))) == []


CASES: dict[str, tuple[Callable[[], dict[str, pa.Table]], tuple[Any, ...]]] = {
    "id twice": (
        lambda: {"pool": with_values("item_id", {7: "i06"})},
        ("pool", "values_to_be_unique", "item_id", "stop", 2, ("i06", "i06")),
    ),
    "id missing": (
        lambda: {"pool": with_values("item_id", {7: None})},
        ("pool", "values_to_not_be_null", "item_id", "stop", 1, ()),
    ),
    "column missing": (
        lambda: {"pool": ITEMS.slice(5).drop_columns(["soil"])},
        ("pool", "to_exist", "soil", "stop", None, ()),
    ),
    "numbers are text": (
        lambda: {"pool": ITEMS.slice(5).set_column(1, "size", [pa.array(["1"] * (N - 5))])},
        ("pool", "values_to_be_in_type_list", "size", "stop", 25, tuple(IDS[5:10])),
    ),
    "text is numbers": (
        lambda: {"pool": ITEMS.slice(5).set_column(3, "note", [pa.array(range(N - 5))])},
        ("pool", "values_to_be_in_type_list", "note", "stop", None, ()),
    ),
    "number out of range": (
        lambda: {"pool": with_values("size", {6: 99.0, 9: -1.0})},
        ("pool", "values_to_be_between", "size", "warn", 2, ("i06", "i09")),
    ),
    "number missing": (
        lambda: {"pool": with_values("size", {6: None})},
        ("pool", "values_to_not_be_null", "size", "warn", 1, ("i06",)),
    ),
    "new category": (
        lambda: {"pool": with_values("soil", {6: "peat"})},
        ("pool", "values_to_be_in_set", "soil", "warn", 1, ("i06",)),
    ),
    "blank text": (
        lambda: {"pool": with_values("note", {6: " \n", 8: ""})},
        ("pool", "values_to_match_regex", "note", "stop", 2, ("i06", "i08")),
    ),
    "text missing": (
        lambda: {"pool": with_values("note", {6: None})},
        ("pool", "values_to_not_be_null", "note", "stop", 1, ("i06",)),
    ),
    "vector too short": (
        lambda: {"pool": with_values("v", {6: [1.0, 2.0]})},
        ("pool", "values_to_be_in_set", "v__length", "stop", 1, ("i06",)),
    ),
    "NaN, null and infinity in vectors": (
        lambda: {
            "pool": with_values(
                "v", {6: [1.0, np.nan, 2.0], 7: [1.0, None, 2.0], 8: [np.inf, 1.0, 2.0]}
            )
        },
        ("pool", "values_to_be_between", "v__not_finite", "stop", 3, ("i06", "i07", "i08")),
    ),
    "image missing": (
        lambda: {"pool": with_values("image", {6: None})},
        ("pool", "values_to_not_be_null", "image", "stop", 1, ("i06",)),
    ),
    "holdout item with a bad vector": (
        lambda: {"holdout": with_values("v", {6: [1.0]}).slice(0, 5), "pool": ITEMS.slice(10)},
        ("holdout", "values_to_be_in_set", "v__length", "stop", 1, ("i06",)),
    ),
    "answer of no class": (
        lambda: {"answers": answers(label=["ash", "elm"])},
        ("answers", "values_to_be_in_set", "label", "stop", 1, ("r2",)),
    ),
    "answer without a class": (
        lambda: {"answers": answers(annotator_id=["ann", None])},
        ("answers", "values_to_not_be_null", "annotator_id", "stop", 1, ("r2",)),
    ),
    "answer of negative price": (
        lambda: {"answers": answers(price=[0.1, -0.1])},
        ("answers", "values_to_be_between", "price", "stop", 1, ("r2",)),
    ),
    "answer of negative revision": (
        lambda: {"answers": answers(revision=[-1, 0])},
        ("answers", "values_to_be_between", "revision", "stop", 1, ("r1",)),
    ),
    "label of no class": (
        lambda: {"labels": labels(label=["elm", None])},
        ("labels", "values_to_be_in_set", "label", "stop", 1, ("i00",)),
    ),
    "item labelled twice": (
        lambda: {"labels": labels(item_id=["i00", "i00"])},
        ("labels", "values_to_be_unique", "item_id", "stop", 2, ("i00", "i00")),
    ),
    "confidence above one": (
        lambda: {"labels": labels(confidence=[1.5, 0.5])},
        ("labels", "values_to_be_between", "confidence", "stop", 1, ("i00",)),
    ),
    "unknown status": (
        lambda: {"labels": labels(status=["done", "labelled"])},
        ("labels", "values_to_be_in_set", "status", "stop", 1, ("i00",)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_violation_is_found_with_its_count_and_ids(case: str) -> None:
    change, expected = CASES[case]
    found = [
        (
            one.suite,
            one.expectation.removeprefix("expect_column_"),
            one.column,
            one.severity,
            one.count,
            one.items,
        )
        for one in failed(frames(**change()))
    ]
    assert expected in found


def test_a_pool_item_that_is_in_the_holdout_stops() -> None:
    found = failed(frames(pool=ITEMS.slice(3)))
    assert [(one.expectation, one.severity, one.count, one.items) for one in found] == [
        ("items_in_holdout", "stop", 2, ("i03", "i04")),
        ("contents_in_holdout", "warn", 2, ("i03", "i04")),
    ]


def test_rows_are_the_same_whatever_order_suites_and_rows_are_in() -> None:
    pool = with_values("size", {6: 99.0, 9: -1.0})
    turned = pool.take(pa.array(range(pool.num_rows - 1, -1, -1)))
    reversed_suites = {}
    for name, text in SUITES.items():
        suite = json.loads(text)
        suite["expectations"].reverse()
        reversed_suites[name] = json.dumps(suite)
    features = PARAMS.features.columns
    plain = validate.check(frames(pool=pool), SUITES, features)
    assert plain == validate.check(frames(pool=pool), reversed_suites, features)
    backwards = validate.check(frames(pool=turned), SUITES, features)
    assert [one.count for one in plain] == [one.count for one in backwards]


def save(root: Path, data: dict[str, pa.Table], suites: dict[str, str] = SUITES) -> Campaign:
    for name, text in suites.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    places = (at.POOL, at.HOLDOUT, at.BASE_ANSWERS, at.BASE_LABELS)
    for name, table in zip(places, data.values(), strict=True):
        tables.write_items(root / name, table)
    (root / at.ROUND).write_text('{"round": 4}')
    (root / at.PARAMS).write_text(params_yaml(Plan("trees", COLUMNS)))
    return Campaign(root)


def test_warnings_are_said_and_do_not_stop(tmp_path: Path) -> None:
    campaign = save(tmp_path, frames(pool=with_values("soil", {6: "peat"})))
    summary = validate.run(campaign, PARAMS)
    assert summary["warnings"] == 1
    assert "peat" in summary["lines"][0]
    assert "i06" in summary["lines"][0]
    written = json.loads(campaign.path(at.VALIDATION).read_text())
    assert len(written["expectations"]) == summary["expectations"] > 30
    (finding,) = (one for one in written["expectations"] if not one["success"])
    assert (finding["severity"], finding["count"], finding["items"]) == ("warn", 1, ["i06"])


def test_a_critical_failure_is_written_down_and_stops(tmp_path: Path) -> None:
    pool = with_values("note", dict.fromkeys(range(10, 17), ""))
    campaign = save(tmp_path, frames(pool=pool, labels=labels(confidence=[2.0, 0.5])))
    with pytest.raises(DataError) as caught:
        validate.run(campaign, PARAMS)
    line = str(caught.value)
    for word in ("expect_column_values_to_match_regex", "7 rows", "i10, i11", "1 more"):
        assert word in line
    written = json.loads(campaign.path(at.VALIDATION).read_text())
    assert [one["severity"] for one in written["expectations"] if not one["success"]] == [
        "stop",
        "stop",
    ]


def test_the_report_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    data = frames(pool=with_values("size", {6: 99.0}))
    seen = set()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        campaign = save(tmp_path / folder, data)
        validate.run(campaign, PARAMS)
        seen.add(digests.of_file(campaign.path(at.VALIDATION)).sha256)
    assert len(seen) == 1


def test_a_changed_file_is_validated_again(tmp_path: Path) -> None:
    campaign = save(tmp_path, frames())
    assert validate.run(campaign, PARAMS)["warnings"] == 0
    save(tmp_path, frames(pool=with_values("soil", {6: "peat"})))
    assert validate.run(campaign, PARAMS)["warnings"] == 1


def test_missing_input_is_said(tmp_path: Path) -> None:
    campaign = save(tmp_path, frames())
    campaign.path(at.BASE_LABELS).unlink()
    with pytest.raises(DataError, match=r"base/labels\.parquet: is missing"):
        validate.run(campaign, PARAMS)


def test_nulls_are_no_category_and_whole_numbers_may_become_reals() -> None:
    whole = pc.cast(pc.round(ITEMS["size"]), pa.int64())
    pool = ITEMS.set_column(1, "size", whole)
    gaps = pa.array([None, *pool["size"].to_pylist()[1:]])
    suites = validate.default_suites(PARAMS, pool.set_column(1, "size", gaps))
    changed = frames(pool=pool.slice(5), holdout=pool.set_column(1, "size", gaps).slice(0, 5))
    found = validate.check(changed, suites, PARAMS.features.columns)
    assert [str(one) for one in found if not one.success] == []


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.float32(), pa.uint64()])
def test_the_ends_of_what_was_seen_are_within_the_range(kind: pa.DataType) -> None:
    numbers = pa.array([value / 3 if pa.types.is_floating(kind) else value for value in range(N)])
    items = ITEMS.set_column(1, "size", [pc.cast(numbers, kind, safe=False)])
    suites = validate.default_suites(PARAMS, items)
    split = frames(pool=items.slice(5), holdout=items.slice(0, 5))
    found = validate.check(split, suites, PARAMS.features.columns)
    assert [str(one) for one in found if not one.success] == []
