"""Any round's model says of other items what it says of the holdout."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import Done, items, labelloop

from tasks import campaign as at
from tasks import predict as predicting
from tasks.audit import tracked
from tasks.predict import Request, predict
from tasks.versions import git
from tasks.work import look_at

pytestmark = pytest.mark.integration


def refused(done: Done, *parts: str) -> None:
    assert done.code == 2, done
    assert len(done.err.strip().splitlines()) == 1, done.err
    for part in parts:
        assert part in done.err, done.err


def run(root: Path, given: Path, to: Path, *more: str) -> Done:
    return labelloop("-C", root, "predict", "--in", given, "--out", to, *more)


@pytest.fixture
def holdout(finished: Path) -> pd.DataFrame:
    ids = pd.read_parquet(finished / at.PREDICTIONS)["item_id"]
    return items().set_index("item_id").loc[ids].reset_index()


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_the_holdout_gets_the_probabilities_that_evaluate_gave_it(
    finished: Path, holdout: pd.DataFrame, tmp_path: Path, ending: str
) -> None:
    given = tmp_path / f"items.{ending}"
    write(holdout, given)
    done = run(finished, given, tmp_path / "out.parquet")
    assert (done.code, done.err) == (0, ""), done
    assert "round 2" in done.out
    found = pd.read_parquet(tmp_path / "out.parquet")
    evaluated = pd.read_parquet(finished / at.PREDICTIONS)
    assert found["item_id"].tolist() == evaluated["item_id"].tolist()
    assert found["predicted"].tolist() == evaluated["predicted"].tolist()
    columns = [name for name in found if name.startswith("probability_")]
    assert columns == ["probability_ash", "probability_birch", "probability_cedar"]
    chances = found[columns].to_numpy()
    assert chances.max(axis=1).tolist() == evaluated["probability"].tolist()
    of_label = chances[
        np.arange(len(found)),
        [sorted(set(items()["label"])).index(label) for label in evaluated["label"]],
    ]
    assert of_label.tolist() == evaluated["probability_of_label"].tolist()
    assert git.changed(finished) == []


def write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in frame.to_dict("records")))


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_however_a_file_is_cut_the_predictions_are_the_same(
    finished: Path, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, whole, cut = tmp_path / f"items.{ending}", tmp_path / "whole.csv", tmp_path / "cut.csv"
    write(items(50, seed=8), given)
    predict(finished, Request(given, whole))
    monkeypatch.setattr(predicting, "ROWS", 7)
    assert predict(finished, Request(given, cut))["items"] == 50
    ours, theirs = pd.read_csv(whole), pd.read_csv(cut)
    assert ours["item_id"].tolist() == theirs["item_id"].tolist()
    np.testing.assert_allclose(ours.iloc[:, 2:], theirs.iloc[:, 2:], rtol=1e-12, atol=1e-15)


def test_any_rounds_model_and_the_best_one(
    finished: Path, holdout: pd.DataFrame, tmp_path: Path
) -> None:
    given = tmp_path / "items.parquet"
    holdout.to_parquet(given, index=False)
    for number in ("0", "2"):
        done = run(finished, given, tmp_path / f"{number}.csv", "--round", number, "--json")
        assert json.loads(done.out) == {
            "round": int(number),
            "items": len(holdout),
            "to": str(tmp_path / f"{number}.csv"),
        }
    first, last = (pd.read_csv(tmp_path / f"{number}.csv") for number in ("0", "2"))
    assert not np.allclose(first.iloc[:, 2:], last.iloc[:, 2:])
    done = run(finished, given, tmp_path / "best.csv", "--champion", "--json")
    work = look_at(finished)
    from tasks.export import closed_round

    assert json.loads(done.out)["round"] == tracked.champion(closed_round(work, None)[0], 2)
    refused(run(finished, given, tmp_path / "x.csv", "--champion", "--round", "1"), "--champion")
    refused(run(finished, given, tmp_path / "x.csv", "--round", "7"), "round 7")


def test_items_that_are_not_like_the_pools_are_one_line(
    campaign: Path, finished: Path, tmp_path: Path
) -> None:
    good, to = items(30), tmp_path / "out.csv"
    spoilt = {
        "girth": good.drop(columns="girth"),
        "item_id": good.drop(columns="item_id"),
        "tall": good.assign(height=["tall", *map(str, good["height"][1:])]),
        "no id": good.assign(item_id=["", *good["item_id"][1:]]),
    }
    for word, frame in spoilt.items():
        given = tmp_path / "items.csv"
        frame.to_csv(given, index=False)
        refused(run(finished, given, to), "items.csv", word)
    listed = tmp_path / "items.parquet"
    good.assign(height="tall").to_parquet(listed)
    refused(run(finished, listed, to), "items.parquet", "'height'", "string")
    listed.write_bytes(listed.read_bytes()[:-50])
    refused(run(finished, listed, to), "items.parquet", "parquet")
    (tmp_path / "empty.csv").write_text("item_id,height,girth\n")
    refused(run(finished, tmp_path / "empty.csv", to), "empty.csv")
    refused(run(finished, tmp_path / "nowhere.csv", to), "nowhere.csv", "missing")
    good.to_csv(tmp_path / "items.csv", index=False)
    refused(run(campaign, tmp_path / "items.csv", to), "no round is closed yet")
    refused(run(finished, tmp_path / "items.csv", tmp_path / "out.txt"), ".txt")
    assert not to.exists()
    assert not list(tmp_path.glob(".*.tmp"))
