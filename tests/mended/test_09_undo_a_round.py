"""``labelloop undo`` throws the last closed round away, and forgets nothing of it."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console
from support import advance, assert_same, change_params, facts, in_process, labelloop

from flows import undoing
from tasks import campaign as at
from tasks.audit import mlflow_client
from tasks.audit.verify import audit
from tasks.undo import Request
from tasks.versions import git

pytestmark = pytest.mark.integration

WHY = "the annotators had the wrong guidelines"


@pytest.fixture
def closed(finished: Path, tmp_path: Path) -> Path:
    """Give a campaign of three closed rounds."""
    return Path(shutil.copytree(finished, tmp_path / "closed" / "trees", symlinks=True))


def undo(root: Path, *more: str, reason: str = WHY) -> str:
    done = labelloop("-C", root, "undo", "--reason", reason, *more)
    assert done.code == 0, done
    return " ".join(done.out.split())


def undo_here(root: Path) -> None:
    """Do what the command does, in this process."""
    undoing.undo(root, Request(WHY), Console(quiet=True))


def refused(root: Path, *more: str) -> str:
    before = facts(root)
    done = labelloop("-C", root, "undo", "--reason", WHY, *more)
    assert (done.code, len(done.err.splitlines())) == (2, 1), done
    assert facts(root) == before
    return done.err


def status(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(labelloop("-C", root, "status", "--json").out)
    return found


def asked_in(root: Path, number: int) -> set[str]:
    sent = pd.read_parquet(root / at.SENT)
    return set(sent.loc[(sent["round"] == number) & (sent["role"] != "gold"), "item_id"])


def tags(root: Path) -> dict[str, str]:
    return {tag: git.run(root, "rev-parse", tag).strip() for tag in git.tags(root)}


def assert_whole(root: Path) -> None:
    found = audit(root)
    assert found.problems == (), found.problems
    assert git.changed(root) == []
    assert labelloop("-C", root, "replay", "--all").code == 0


def champion(root: Path) -> str:
    with mlflow_client.client(root, "sqlite:///mlflow.db") as client:
        version = client.get_model_version_by_alias("trees", "champion")
        return str(version.tags["labelloop.round"])


def runs(root: Path) -> dict[str, str | None]:
    with mlflow_client.client(root, "sqlite:///mlflow.db") as client:
        experiment = client.get_experiment_by_name("trees")
        found = client.search_runs([experiment.experiment_id])
    return {run.info.run_name: run.data.tags.get("labelloop.undone") for run in found}


def test_the_next_round_starts_from_the_snapshot_before_and_all_history_stays(
    closed: Path,
) -> None:
    before, spent, asked = tags(closed), status(closed)["spent"], asked_in(closed, 2)
    told = undo(closed)
    assert "round 2 is undone: its labels are not trained on any more" in told
    assert "the next round starts from the snapshot of round 1" in told
    assert "the items that it asked are not asked again" in told
    now = status(closed)
    assert (now["state"], now["round"], now["spent"], now["stop"]) == ("ready", 1, spent, None)
    assert now["undone"] == [{"round": 2, "reason": WHY}]
    assert runs(closed) == {"round-0000": None, "round-0001": None, "round-0002": WHY}
    assert champion(closed) != "2"
    assert f"Round 2 is undone: {WHY}" in (closed / at.REPORT).read_text()
    assert_whole(closed)
    assert in_process(advance, closed) == 0
    assert tags(closed).items() > before.items()
    assert set(tags(closed)) - set(before) == {"round-0003"}
    assert status(closed)["spent"] > spent
    assert asked_in(closed, 2) == asked
    assert not asked_in(closed, 3) & asked
    labels = pd.read_parquet(closed / at.LABELS)
    assert not set(labels["item_id"]) & (asked - asked_in(closed, 0) - asked_in(closed, 1))
    assert [one["round"] for one in json.loads((closed / at.HISTORY).read_text())] == [0, 1, 3]
    item = min(asked - asked_in(closed, 0) - asked_in(closed, 1))
    words = labelloop("-C", closed, "why", item).out
    assert f"round 2 is undone ({WHY}): what it asked is paid and is not asked again" in words
    assert "not believed since that round is undone" in words
    assert "label: none yet" in words
    assert_whole(closed)


def test_if_it_is_wanted_items_may_be_asked_again(closed: Path) -> None:
    asked = asked_in(closed, 2) - asked_in(closed, 0) - asked_in(closed, 1)
    assert "may be asked again" in undo(closed, "--ask-again")
    # All that is left is asked, those of the round that was undone among them.
    change_params(closed, {"score": {"batch": 200}})
    assert in_process(advance, closed, 1) == 0
    assert asked <= asked_in(closed, 3)
    sent = pd.read_parquet(closed / at.SENT)
    again = sent[sent["item_id"].isin(asked) & (sent["round"] == 3)]
    assert (again["copy"] == 3).all()
    assert sent["key"].is_unique
    assert_whole(closed)


def test_one_after_the_other_down_to_the_first(closed: Path) -> None:
    undo(closed)
    assert "round 2 was undone already" in undo(closed)
    assert "round 1 is undone" in undo(closed, reason="and this one")
    assert "round 0 is undone" in undo(closed, "0")
    assert [one["round"] for one in status(closed)["undone"]] == [2, 1, 0]
    change_params(closed, {"stop": {"max_rounds": {"rounds": 1}}})
    assert in_process(advance, closed) == 0
    assert "round-0003" in git.tags(closed)
    assert [one["round"] for one in json.loads((closed / at.HISTORY).read_text())] == [3]
    assert_whole(closed)


def test_what_cannot_be_undone_is_refused_in_one_line(closed: Path, campaign: Path) -> None:
    assert "has no closed round to undo" in refused(campaign)
    assert "round 0 is not the last round that stands" in refused(closed, "0")
    assert "undo 2 first" in refused(closed, "0")
    assert "must be one line" in refused(closed, "--reason", "one\nanother")
    change_params(closed, {"stop": {"max_rounds": {"rounds": 4}}})
    assert labelloop("-C", closed, "run", "--no-prefect").code == 0
    assert "round 3 is open and its batch is bought already" in refused(closed)


@pytest.mark.long
def test_killed_at_every_point_and_started_again_it_undoes_one_round(
    closed: Path, tmp_path: Path
) -> None:
    twin = Path(shutil.copytree(closed, tmp_path / "twin" / "trees", symlinks=True))
    undo(twin)
    crashed, kills = tmp_path / "crashed", 0
    while code := in_process(undo_here, closed, LABELLOOP_CRASH_EACH=str(crashed)):
        assert code == -signal.SIGKILL
        kills += 1
    assert kills == len(crashed.read_text().splitlines()) > 5
    assert_same(closed, twin)
    assert runs(closed) == runs(twin)
