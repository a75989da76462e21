"""The command line as its users and their programs meet it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import change_params, confirm, labelloop

from tasks import actions, pipeline
from tasks.campaign import Campaign
from tasks.versions import data

pytestmark = pytest.mark.integration


def read(*arguments: str | Path) -> dict[str, object]:
    done = labelloop(*arguments)
    assert (done.code, done.err) == (0, "")
    found: dict[str, object] = json.loads(done.out)
    return found


def test_a_run_that_does_not_wait_ends_in_awaiting_labels_and_goes_on_later(campaign: Path) -> None:
    change_params(campaign, {"stop": {"max_rounds": {"rounds": 1}}})
    states = []
    while not states or states[-1] == "awaiting_labels":
        assert labelloop("-C", campaign, "run", "--no-prefect").code == 0
        states.append(str(read("-C", campaign, "status", "--json")["state"]))
        assert len(states) < 30
    assert states[0] == "awaiting_labels"
    assert states[-1] == "stopped"


def test_status_as_json(finished: Path) -> None:
    status = read("-C", finished, "status", "--json")
    keys = "campaign round stage state labels spent budget metrics stop reopened undone waiting"
    keys += " ledger_head"
    assert set(status) == set(keys.split())
    assert (status["round"], status["state"], status["stage"]) == (2, "stopped", "stop")
    assert status["stop"] == {
        "rule": "max_rounds",
        "reason": "3 of at most 3 rounds are done",
        "go_on": "raise stop.max_rounds.rounds above 3",
    }
    assert (status["reopened"], status["undone"]) == ([], [])
    metrics = status["metrics"]
    assert isinstance(metrics, dict)
    assert set(metrics["accuracy"]) == {"value", "low", "high"}


def test_status_of_a_campaign_that_has_not_begun(campaign: Path) -> None:
    status = read("-C", campaign, "status", "--json")
    assert (status["round"], status["state"], status["spent"]) == (0, "ready", 0.0)
    assert (status["metrics"], status["stop"]) == ({}, None)


def test_why_as_json(finished: Path) -> None:
    import pandas as pd

    item = pd.read_parquet(finished / "round" / "decisions.parquet")["item_id"].iloc[0]
    story = read("-C", finished, "why", item, "--json")
    names = "item_id considered pushes answers imported label trained_in"
    assert set(story) == set(names.split())
    considered = story["considered"]
    assert isinstance(considered, list)
    keys = "round rank score cutoff strategy selected inclusion_probability reason model_digest"
    assert set(considered[-1]) == set(keys.split())
    assert considered[-1]["selected"]
    assert item in labelloop("-C", finished, "why", item).out


def test_audit_as_json(finished: Path) -> None:
    found = read("-C", finished, "audit", "--json")
    assert found["ok"], found
    assert found["problems"] == []
    assert found["head"] == read("-C", finished, "status", "--json")["ledger_head"]


def test_replay_as_json_also_from_a_clone(finished: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(finished, tmp_path / "home"))
    data.add_remote(home, str(tmp_path / "remote"))
    confirm(home)
    assert actions.catch_up(home) == {"missed": []}
    subprocess.run(["git", "clone", "--quiet", home, tmp_path / "clone"], check=True)
    data.add_remote(tmp_path / "clone", str(tmp_path / "remote"))
    confirm(tmp_path / "clone")
    found = read("-C", tmp_path / "clone", "replay", "--all", "--json")
    assert found["equal"]
    rounds = found["rounds"]
    assert isinstance(rounds, list)
    assert [one["round"] for one in rounds] == [0, 1, 2]
    for one in rounds:
        assert tuple(stage["stage"] for stage in one["stages"]) == pipeline.NAMES
        assert all(stage["recorded"] == stage["replayed"] for stage in one["stages"])


def test_check_says_what_a_round_would_need_and_writes_nothing(campaign: Path) -> None:
    before = sorted(campaign.rglob("*"))
    found = read("-C", campaign, "check", "--json")
    assert found["ok"], found
    assert [path for path in sorted(campaign.rglob("*")) if path not in before] in (
        [],
        [campaign / ".labelloop"],
    )
    change_params(campaign, {"campaign": {"budget": 0.1}})
    done = labelloop("-C", campaign, "check")
    assert done.code == 2
    assert "BAD  budget" in done.out


def test_check_counts_no_batch_that_was_only_written_down(campaign: Path) -> None:
    for name in ("pool", "open", "validate", "train", "score", "push"):
        pipeline.module(name).run(Campaign(campaign), Campaign(campaign).params())
    assert "100.00 is left" in labelloop("-C", campaign, "check").out
    assert labelloop("-C", campaign, "run", "--no-prefect").code == 0
    assert "100.00 is left" not in labelloop("-C", campaign, "check").out


def test_a_second_init_changes_nothing(campaign: Path) -> None:
    done = labelloop("init", campaign, "--example", "digits")
    assert done.code == 2


def test_the_status_needs_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['labelloop', '--help']\n"
        "import flows.cli, flows.status, tasks.params\n"
        "heavy = {'pandas', 'pyarrow', 'sklearn', 'lightgbm', 'dvc', 'mlflow', 'prefect',"
        " 'great_expectations', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
