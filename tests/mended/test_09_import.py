"""Labels that one has from elsewhere: told, trained on, never bought, never mixed up."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import Done, advance, facts, in_process, labelloop

from flows.replay import replay
from flows.status import status
from tasks import campaign as at
from tasks.audit.verify import audit
from tasks.domain import tables
from tasks.import_labels import import_labels
from tasks.ledger.local import LocalLedger
from tasks.snapshot import own
from tasks.versions import git

pytestmark = pytest.mark.integration


def refused(done: Done, *parts: str) -> None:
    assert done.code == 2, done
    assert len(done.err.strip().splitlines()) == 1, done.err
    for part in parts:
        assert part in done.err, done.err


def run(root: Path, path: Path, *more: str) -> Done:
    return labelloop("-C", root, "import", "labels", path, "--source", "herbarium", *more)


def ids(root: Path, name: str = "") -> list[str]:
    if name:
        return (root / name).read_text().split()
    apart = {*ids(root, "holdout.txt"), *ids(root, "gold.txt")}
    return [f"item-{number:04d}" for number in range(160) if f"item-{number:04d}" not in apart]


def write(path: Path, item_ids: list[str], **columns: Any) -> Path:
    pd.DataFrame({"item_id": item_ids, "label": "ash", **columns}).to_csv(path, index=False)
    return path


def test_imported_labels_are_trained_on_never_asked_for_and_told(
    campaign: Path, tmp_path: Path
) -> None:
    advance(campaign, 1)
    bought = set(tables.read(campaign / at.LABELS)["item_id"])
    chosen = [one for one in ids(campaign) if one not in bought][:5]
    spent = status(campaign).spent
    given = write(tmp_path / "l.csv", chosen, confidence=0.9, annotator_id="Ada")
    done = run(campaign, given, "--json")
    assert done.code == 0, done
    told = json.loads(done.out)
    assert (told["labels"], told["counts_from"], told["source"]) == (5, 1, "herbarium")
    assert len(told["original"]["sha256"]) == 64
    assert status(campaign).spent == spent
    assert git.changed(campaign) == []
    advance(campaign)
    labels = tables.read(campaign / at.LABELS).set_index("item_id").loc[chosen]
    assert set(labels["role"]) == {"imported"}
    assert set(labels["round"]) == {1}
    assert set(labels["confidence"]) == {0.9}
    assert not set(tables.read(campaign / at.SENT)["item_id"]) & set(chosen)
    trained = tables.read(campaign / at.LABELS)
    usable = trained[(trained["role"] != "holdout") & (trained["status"] == "labelled")]
    assert json.loads((campaign / at.CARD).read_text())["n_labels"] == len(usable)
    quality = json.loads((campaign / at.QUALITY).read_text())
    assert quality["labelled"] == int((trained["role"] != "imported").sum())
    why = labelloop("-C", campaign, "why", chosen[0])
    assert "imported from herbarium on round 1" in why.out
    assert "Ada" in why.out
    assert "l.csv row 1" in why.out
    story = json.loads(labelloop("-C", campaign, "why", chosen[0], "--json").out)
    assert story["imported"][0]["source"] == "herbarium"
    assert [row["round"] for row in story["trained_in"]] == [1, 2]
    assert audit(campaign).problems == ()
    assert replay(campaign).equal
    clone = tmp_path / "clone"
    git.run(tmp_path, "clone", "--quiet", str(campaign), str(clone))
    shutil.copytree(campaign / ".dvc" / "cache", clone / ".dvc" / "cache")
    assert replay(clone).equal


def test_an_import_while_a_round_is_open_waits_for_the_next(campaign: Path, tmp_path: Path) -> None:
    advance(campaign, wait=False)
    assert status(campaign).state == "awaiting_labels"
    chosen = [
        one for one in ids(campaign) if one not in set(tables.read(campaign / at.BATCH)["item_id"])
    ][:3]
    told = import_labels(campaign, write(tmp_path / "l.csv", chosen), "herbarium")
    assert told["counts_from"] == 1
    assert "from the next round" in labelloop("-C", campaign, "why", chosen[0]).out
    assert audit(campaign).problems == ()
    advance(campaign, 1)
    assert not set(tables.read(campaign / at.LABELS)["item_id"]) & set(chosen)
    advance(campaign, 1)
    assert set(tables.read(campaign / at.LABELS)["item_id"]) >= set(chosen)
    assert audit(campaign).problems == ()


def test_what_cannot_be_imported_is_one_line_and_writes_nothing(
    campaign: Path, tmp_path: Path
) -> None:
    advance(campaign, 1)
    bought = tables.read(campaign / at.LABELS)["item_id"].iloc[0]
    free = [
        one for one in ids(campaign) if one not in set(tables.read(campaign / at.LABELS)["item_id"])
    ]
    before, given = facts(campaign), tmp_path / "l.csv"
    wrong = {
        "no item": ([free[0], "item-9999x"], {}, ("l.csv row 2", "item-9999x", "no item")),
        "no class": ([free[0], free[1]], {"label": ["ash", "oak"]}, ("row 2", free[1], "'oak'")),
        "no label": ([free[0]], {"label": [None]}, ("l.csv row 1", free[0], "no label")),
        "twice": ([free[0], free[0]], {}, ("l.csv", free[0], "more than once")),
        "holdout": (ids(campaign, "holdout.txt")[:1], {}, ("row 1", "holdout")),
        "gold": (ids(campaign, "gold.txt")[:1], {}, ("row 1", "gold")),
        "bought": ([free[0], bought], {}, ("row 2", bought, "bought in round 0")),
        "unsure": ([free[0]], {"confidence": [1.5]}, ("row 1", free[0], "1.5")),
        "untitled": ([free[0]], {"label": ["ash"], "x": [1]}, ("'label'",)),
    }
    for name, (item_ids, columns, expected) in wrong.items():
        write(given, item_ids, **columns)
        if name == "untitled":
            given.write_text(given.read_text().replace("label", "species"))
        refused(run(campaign, given), *expected)
    refused(run(campaign, tmp_path / "none.csv"), "none.csv", "missing")
    write(given, free[:1])
    done = labelloop("-C", campaign, "import", "labels", given, "--source", "two\nlines")
    refused(done, "--source")
    (campaign / "params.yaml").write_text((campaign / "params.yaml").read_text() + "# mine\n")
    refused(run(campaign, given), "params.yaml", "not committed")
    git.run(campaign, "checkout", "--quiet", "params.yaml")
    assert facts(campaign) == before
    assert not (campaign / at.IMPORTED).exists()
    assert git.changed(campaign) == []
    assert run(campaign, given).code == 0
    assert "before" in run(campaign, given).out
    write(given, [free[1], free[0]])
    refused(run(campaign, given), "row 2", free[0], "imported from herbarium")


def test_ids_and_classes_of_an_exported_file_are_read_back(
    finished: Path, campaign: Path, tmp_path: Path
) -> None:
    to = tmp_path / "labels.csv"
    labelloop("-C", finished, "export", "labels", "--to", to)
    done = run(campaign, to, "--json")
    assert done.code == 0, done
    assert json.loads(done.out)["labels"] == len(tables.read(finished / at.LABELS))


@pytest.mark.long
def test_killed_at_every_point_an_import_is_whole_or_was_never(
    campaign: Path, tmp_path: Path
) -> None:
    given, crashed, kills = write(tmp_path / "l.csv", ids(campaign)[:4]), tmp_path / "crashed", 0
    undisturbed = Path(shutil.copytree(campaign, tmp_path / "undisturbed"))
    import_labels(undisturbed, given, "herbarium")
    arguments = (campaign, given, "herbarium")
    while code := in_process(import_labels, *arguments, LABELLOOP_CRASH_EACH=str(crashed)):
        assert code == -signal.SIGKILL
        assert [one for one in git.changed(campaign) if not own(one)] == []
        kills += 1
    assert kills == len(crashed.read_text().splitlines()) > 6
    assert facts(campaign) == facts(undisturbed)
    assert git.changed(campaign) == []
    assert len(LocalLedger(campaign / at.LEDGER).entries()) == 2
