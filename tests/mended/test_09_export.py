"""What a campaign has comes out for other programs, and comes out whole or not at all."""

import csv
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support import Done, confirm, labelloop

from tasks import campaign as at
from tasks.modeling import bundle
from tasks.vendors._files.cells import unguard
from tasks.versions import git

pytestmark = pytest.mark.integration


def refused(done: Done, *parts: str) -> None:
    assert done.code == 2, done
    assert len(done.err.strip().splitlines()) == 1, done.err
    for part in parts:
        assert part in done.err, done.err


def export(root: Path, *arguments: str | Path) -> Done:
    return labelloop("-C", root, "export", *arguments)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_labels_answers_and_decisions_come_out_in_every_format(
    finished: Path, tmp_path: Path, ending: str
) -> None:
    for what, path in {
        "labels": at.LABELS,
        "answers": at.ANSWERS,
        "decisions": at.DECISIONS,
    }.items():
        to = tmp_path / f"{what}.{ending}"
        done = export(finished, what, "--to", to)
        assert (done.code, done.err) == (0, ""), done
        assert f"{what} of round 2" in done.out
        expected = pq.read_table(finished / path).to_pandas()
        found = read(to)
        assert found["item_id"].tolist() == expected["item_id"].tolist()
        for name in expected.columns:
            ours, theirs = found[name].tolist(), expected[name].tolist()
            assert [plain(one) for one in ours] == [plain(one) for one in theirs], name
    assert git.changed(finished) == []


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".jsonl":
        return pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()])
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return pd.DataFrame([{name: unguard(cell) for name, cell in row.items()} for row in rows])


def plain(value: object) -> object:
    """Give a cell of any format as CSV would have it."""
    if isinstance(value, str):
        try:
            return plain(json.loads(value))
        except ValueError:
            return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list):
        return tuple(value)
    if value is None or value != value:
        return ""
    return float(value) if isinstance(value, int | float) else value


def test_labels_begin_with_the_columns_that_people_need(finished: Path, tmp_path: Path) -> None:
    export(finished, "labels", "--to", tmp_path / "labels.csv")
    titles = (tmp_path / "labels.csv").read_text().split("\n", 1)[0].split(",")
    assert titles[:8] == [
        *("item_id", "label", "confidence", "status", "role", "source", "round", "n_answers")
    ]


def test_labels_stand_beside_their_items(finished: Path, tmp_path: Path) -> None:
    done = export(finished, "labels", "--with-items", "--to", tmp_path / "labels.parquet")
    assert done.code == 0, done
    found = pd.read_parquet(tmp_path / "labels.parquet").set_index("item_id")
    pool = pd.read_parquet(finished / at.POOL).set_index("item_id")
    assert len(found) > 10
    assert found["height"].tolist() == pool.loc[found.index, "height"].tolist()
    refused(export(finished, "answers", "--with-items", "--to", tmp_path / "a.csv"), "--with-items")


def test_any_past_round_and_its_model_come_out(finished: Path, tmp_path: Path) -> None:
    export(finished, "labels", "--round", "0", "--to", tmp_path / "first.parquet")
    first = pd.read_parquet(tmp_path / "first.parquet")
    assert set(first["round"]) == {0}
    for number in (1, 2):
        to = tmp_path / f"{number}.skops"
        done = export(finished, "model", "--round", str(number), "--to", to, "--json")
        assert json.loads(done.out)["card"] == str(tmp_path / f"{number}.json")
        assert bundle.load(to) is not None
        assert json.loads((tmp_path / f"{number}.json").read_text())["fitted"]
    assert (tmp_path / "2.skops").read_bytes() == (finished / at.MODEL).read_bytes()
    assert (tmp_path / "1.skops").read_bytes() != (finished / at.MODEL).read_bytes()


def test_what_is_there_stays_unless_it_is_to_be_replaced(finished: Path, tmp_path: Path) -> None:
    to = tmp_path / "labels.csv"
    to.write_text("mine")
    refused(export(finished, "labels", "--to", to), "labels.csv", "--force")
    assert to.read_text() == "mine"
    assert export(finished, "labels", "--to", to, "--force").code == 0
    assert to.read_text().startswith("item_id,")
    (tmp_path / "model.json").write_text("mine")
    refused(export(finished, "model", "--to", tmp_path / "model.skops"), "model.json", "--force")
    assert not (tmp_path / "model.skops").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "model.json"]


def test_what_cannot_be_exported_is_one_line(
    campaign: Path, finished: Path, tmp_path: Path
) -> None:
    to = tmp_path / "labels.csv"
    refused(export(campaign, "labels", "--to", to), "no round is closed yet")
    refused(export(finished, "labels", "--round", "9", "--to", to), "round 9 is not closed")
    refused(export(finished, "labels", "--to", tmp_path / "labels.xls"), ".xls", ".csv")
    refused(export(finished, "model", "--to", tmp_path / "model.pkl"), ".skops")
    refused(export(finished, "labels", "--to", tmp_path / "no" / "labels.csv"), "no folder")
    refused(export(finished, "labels", "--to", finished / "labels.csv"), "exports")
    assert not to.exists()
    assert git.changed(finished) == []


def test_a_fresh_clone_exports_after_dvc_pull(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    git.run(tmp_path, "clone", "--quiet", str(finished), str(clone))
    refused(export(clone, "labels", "--to", tmp_path / "none.csv"), "dvc pull")
    from tasks.versions import data

    data.add_remote(clone, str(finished / ".dvc" / "cache"))
    confirm(clone)
    assert export(clone, "labels", "--to", tmp_path / "labels.parquet").code == 0
    ours = pd.read_parquet(tmp_path / "labels.parquet")
    assert ours["item_id"].tolist() == pd.read_parquet(finished / at.LABELS)["item_id"].tolist()
