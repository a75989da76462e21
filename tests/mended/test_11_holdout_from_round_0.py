"""Every item of the holdout counts from round 0, and rounds are compared on the same labels."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import change_params, items, labelloop

from tasks import campaign as at
from tasks.create import Request, create
from tasks.versions import git

pytestmark = pytest.mark.integration

TRUTH = items(200).set_index("item_id")["label"]
CLASSES = sorted(set(TRUTH))
CHANGES = {
    "campaign": {"budget": 100.0},
    "train": {"learner": "logistic_regression", "options": {}},
    "score": {"batch": 6, "runners_up": 0},
    "push": {"redundancy": 2, "gold": 0.5},
    "vendor": {"name": "files", "price": 0.05, "options": {}},
    "collect": {"poll_seconds": 0.0},
    "review": {"aggregator": "majority", "min_confidence": 0.6, "max_answers": 3},
    "evaluate": {"resamples": 100},
    "stop": {
        "max_rounds": {"rounds": 2},
        "target": {"metric": "accuracy", "at_least": 0.99},
    },
}


def said(item_id: str, copy: int) -> str:
    """Answer as people do who disagree on every third item, where the third of them is right."""
    right = str(TRUTH[item_id])
    if int(item_id[-4:]) % 3 or copy != 2:
        return right
    return next(name for name in CLASSES if name != right)


def fill_in(root: Path, number: int) -> None:
    (table,) = (root / f".labelloop/files/trees-{number:04d}").glob("to_label-*.csv")
    rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    # What is asked once is asked of a third person.
    alone = rows.groupby("key")["copy"].transform("size") == 1
    copies = rows["copy"].where(~alone, "3")
    asked = zip(rows["item_id"], copies.astype(int), strict=True)
    rows["label"] = [said(item_id, copy) for item_id, copy in asked]
    rows["annotator"] = "person-" + copies
    rows.to_csv(table, index=False)


def history(root: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((root / at.HISTORY).read_text())
    return found


def run(root: Path) -> str:
    done = labelloop("-C", root, "run", "--no-prefect")
    assert (done.code, done.err) == (0, ""), done
    return done.out


@pytest.fixture(scope="module")
def labelled(warm: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Run two rounds of a campaign whose holdout has to be bought."""
    folder = tmp_path_factory.mktemp("labelled")
    known = items(200)
    known["label"] = known["label"].where(known.index % 5 == 0)
    known.to_parquet(folder / "items.parquet", index=False)
    root = folder / "trees"
    pool = folder / "items.parquet"
    create(Request(root, pool=pool, label="label", classes=CLASSES, holdout=60, gold=10))
    change_params(root, CHANGES)
    printed = []
    run(root)
    for number in range(2):
        fill_in(root, number)
        # A look that finds the last answers may leave it to the next to see that they are all.
        looks = [run(root)]
        while f"round-{number:04d}" not in git.tags(root):
            assert len(looks) < 5, looks
            looks.append(run(root))
        printed.append(looks[-1])
    return root, printed


def test_all_of_the_holdout_is_measured_in_every_round(labelled: tuple[Path, list[str]]) -> None:
    root, _ = labelled
    assert [one["holdout"] for one in history(root)] == [60, 60]
    labels = pd.read_parquet(root / at.LABELS)
    bought = labels[labels["role"] == "holdout"]
    assert (bought["n_answers"] == 3).sum() > 10


def test_the_past_is_measured_by_the_labels_of_today(labelled: tuple[Path, list[str]]) -> None:
    root, _ = labelled
    first, last = history(root)
    assert first["labels_changed"] > 0
    assert first["labels_added"] == 0
    assert first["metrics"]["accuracy"] != first["measured"]["accuracy"]
    assert (last["metrics"], last["labels_changed"]) == (last["measured"], 0)
    step = last["metrics"]["accuracy"]["value"] - first["metrics"]["accuracy"]["value"]
    assert first["gained"]["accuracy"]["value"] == pytest.approx(step)


def test_the_report_says_what_changed_and_why(labelled: tuple[Path, list[str]]) -> None:
    root, _ = labelled
    assert labelloop("-C", root, "report").code == 0
    page = (root / at.REPORT).read_text()
    first = history(root)[0]
    then, now = (first[name]["accuracy"]["value"] for name in ("measured", "metrics"))
    count = first["labels_changed"]
    changed = f"{count} label{'s' if count > 1 else ''} changed"
    assert f"round 0 from {then:.3f} to {now:.3f} ({changed})" in page
    assert "own labels are wrong" in page


def test_the_labels_own_error_is_shown_and_bounds_the_target(
    labelled: tuple[Path, list[str]],
) -> None:
    root, printed = labelled
    first, last = history(root)[0]["measured"], history(root)[-1]["metrics"]
    # In round 0 a third of the bought items are tied, and every other one of these is wrong.
    assert 0.05 < first["label_error"]["value"] < 0.3
    assert first["ceiling/accuracy"]["value"] == pytest.approx(1 - first["label_error"]["value"])
    assert last["label_error"]["value"] < first["label_error"]["value"]
    assert "of the holdout's own labels are wrong" in printed[0]
    reason = json.loads((root / at.STOP).read_text())["rules"]["target"]["reason"]
    assert "is unreachable: " in reason
    checked = labelloop("-C", root, "check").out
    assert "stop: warning: target is unreachable: " in checked


def test_all_rounds_replay(labelled: tuple[Path, list[str]]) -> None:
    root, _ = labelled
    done = labelloop("-C", root, "replay", "--all", "--json")
    assert json.loads(done.out)["equal"], done
