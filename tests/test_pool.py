from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import campaign as at
from tasks import pool
from tasks.campaign import Campaign
from tasks.domain import digests, tables
from tasks.domain.errors import DataError
from tasks.ingest.infer import Columns
from tasks.ingest.template import Plan, params_yaml
from tasks.params import Params, parse

CSV = "key,kind,size\nd,oak,4\nb,,2\na,ash,1\nc,ash,3\ne,oak,5\n"


def params(**changes: Any) -> Params:
    columns = Columns("key", "kind", ("ash", "oak"), ("size",), (), (), (), (), {})
    found = parse(params_yaml(Plan("trees", columns)))
    section = found.pool.model_copy(update=changes)
    return found.model_copy(update={"pool": section})


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def make(csv: str = CSV, holdout: str = "b\n", gold: str = "a\n") -> Campaign:
        (tmp_path / "data" / "source").mkdir(parents=True)
        (tmp_path / "data" / "source" / "1.csv").write_text(csv)
        (tmp_path / at.HOLDOUT_IDS).write_text(holdout)
        (tmp_path / at.GOLD_IDS).write_text(gold)
        return Campaign(tmp_path)

    return make


def rows(campaign: Campaign, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(campaign.path(name)).to_pylist()
    return found


def test_a_source_is_taken_apart(make: Any) -> None:
    campaign = make()
    summary = pool.run(campaign, params())
    assert rows(campaign, at.POOL) == [
        {"item_id": "c", "size": 3},
        {"item_id": "d", "size": 4},
        {"item_id": "e", "size": 5},
    ]
    assert rows(campaign, at.HOLDOUT) == [{"item_id": "b", "size": 2, "label": None}]
    assert rows(campaign, at.GOLD) == [{"item_id": "a", "size": 1, "label": "ash"}]
    assert rows(campaign, at.SEED_LABELS) == []
    assert {row["item_id"]: row["label"] for row in rows(campaign, at.TRUTH)} == {
        "a": "ash",
        "c": "ash",
        "d": "oak",
        "e": "oak",
    }
    assert summary == {"items": 3, "holdout": 1, "gold": 1, "seed_labels": 0, "known": 4}


def test_known_classes_can_be_seed_labels(make: Any) -> None:
    campaign = make()
    pool.run(campaign, params(known="seed"))
    seeds = rows(campaign, at.SEED_LABELS)
    assert [row["item_id"] for row in seeds] == ["c", "d", "e"]
    assert seeds[0] == {
        "item_id": "c",
        "label": "ash",
        "confidence": 1.0,
        "status": "labelled",
        "role": "seed",
        "n_answers": 0,
        "answer_ids": [],
        "aggregator": "known",
        "round": -1,
    }
    assert rows(campaign, at.TRUTH) == []


def test_without_a_label_column_nothing_is_known(make: Any) -> None:
    campaign = make(csv="key,size\na,1\nb,2\nc,3\n", gold="")
    pool.run(campaign, params(label=None))
    assert rows(campaign, at.HOLDOUT) == [{"item_id": "b", "size": 2, "label": None}]
    assert pq.read_schema(campaign.path(at.HOLDOUT)).field("label").type == pa.string()
    assert rows(campaign, at.TRUTH) == rows(campaign, at.SEED_LABELS) == []


def test_no_holdout_and_no_gold(make: Any) -> None:
    campaign = make(holdout="", gold="")
    assert pool.run(campaign, params())["items"] == 5
    assert rows(campaign, at.HOLDOUT) == rows(campaign, at.GOLD) == []
    assert tables.read(campaign.path(at.HOLDOUT)).columns.tolist() == ["item_id", "size", "label"]


def test_the_example_needs_no_files(make: Any) -> None:
    campaign = make(holdout="digit-0003\n", gold="digit-0001\n")
    found = params(source="example:digits", id="item_id", label="label")
    classes = found.campaign.model_copy(update={"classes": list("0123456789")})
    pool.run(campaign, found.model_copy(update={"campaign": classes}))
    assert pq.read_schema(campaign.path(at.POOL)).names == ["item_id", "pixels"]
    assert rows(campaign, at.HOLDOUT)[0]["label"] == "3"
    assert len(rows(campaign, at.POOL)) == 1795


def test_the_files_do_not_depend_on_the_order_of_rows(make: Any, tmp_path: Path) -> None:
    campaign = make()
    written = {}
    for turn in ("as it is", "reversed"):
        header, *lines = CSV.splitlines()
        body = lines if turn == "as it is" else lines[::-1]
        (tmp_path / "data/source/1.csv").write_text("\n".join([header, *body]))
        pool.run(campaign, params())
        outputs = pool.STAGE.outputs
        written[turn] = {name: digests.of_file(campaign.path(name)).sha256 for name in outputs}
    assert written["as it is"] == written["reversed"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"holdout": "b\nx\ny\n"}, ["holdout.txt", "2 items are not in the source: x, y"]),
        ({"gold": "z\n"}, ["gold.txt", "z"]),
        ({"gold": "b\n"}, ["'b'", "holdout.txt", "gold.txt"]),
        ({"holdout": "", "gold": "b\n"}, ["gold.txt", "'b' has no known class"]),
        ({"holdout": "b\nb\n"}, ["holdout.txt", "'b' is there 2 times"]),
        ({"holdout": "b\nc\nd\ne\n"}, ["no item is left"]),
        ({"csv": CSV + "f,elm,6\ng,yew,7\n"}, ["2 labels", "f ('elm')", "g ('yew')"]),
        ({"csv": CSV.replace("size", "label")}, ["'label'", "rename"]),
        ({"csv": CSV.replace("size", "item_id")}, ["'item_id'", "rename"]),
    ],
)
def test_what_cannot_be_taken_apart_is_said(
    files: dict[str, str], words: list[str], make: Any
) -> None:
    campaign = make(**files)
    with pytest.raises(DataError) as caught:
        pool.run(campaign, params())
    for word in words:
        assert word in str(caught.value)
    assert not campaign.path(at.POOL).exists()


def test_missing_lists_of_ids_are_said(make: Any) -> None:
    campaign = make()
    campaign.path(at.GOLD_IDS).unlink()
    with pytest.raises(DataError, match=r"gold\.txt: is missing"):
        pool.run(campaign, params())


def test_lists_and_bytes_survive() -> None:
    table = pa.table({"key": ["b", "a"], "v": [[1.0, 2.0], None], "image": [b"\x00", b"\x01"]})
    named = pool.named(table, id="key", label=None)
    assert named.to_pylist() == [
        {"item_id": "a", "v": None, "image": b"\x01", "label": None},
        {"item_id": "b", "v": [1.0, 2.0], "image": b"\x00", "label": None},
    ]


def test_seed_labels_fit_their_table(tmp_path: Path) -> None:
    known = pd.DataFrame({"item_id": ["b", "a"], "label": ["x", "y"]}, index=[4, 9])
    tables.write(tmp_path / "labels.parquet", pool.seed_labels(known), tables.LABELS)
    assert tables.read(tmp_path / "labels.parquet")["label"].tolist() == ["y", "x"]
