"""A decision to stop holds for what it was made with: when that changes, the campaign goes on."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from support import FORK, advance, assert_same, change_params, facts, in_process, items, labelloop

from tasks import campaign as at
from tasks.audit.verify import audit
from tasks.versions import git

pytestmark = pytest.mark.integration

MORE = {"stop": {"max_rounds": {"rounds": 4}}}


@pytest.fixture
def stopped(finished: Path, tmp_path: Path) -> Path:
    """Give a campaign that stopped after three of at most three rounds."""
    return Path(shutil.copytree(finished, tmp_path / "trees", symlinks=True))


def run(root: Path) -> str:
    done = labelloop("-C", root, "run", "--no-prefect", "--wait")
    assert done.code == 0, done
    return " ".join(done.out.split())


def status(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(labelloop("-C", root, "status", "--json").out)
    return found


def kinds(root: Path) -> list[str]:
    return [kind for _, kind, _ in facts(root)]


def report(root: Path) -> str:
    return " ".join((root / at.REPORT).read_text().split())


def test_more_rounds_are_run_once_they_are_allowed(stopped: Path) -> None:
    told = run(stopped)
    assert "3 of at most 3 rounds are done" in told
    assert "to go on: raise stop.max_rounds.rounds above 3, commit, and run" in told
    assert "raise stop.max_rounds.rounds above 3" in report(stopped)
    change_params(stopped, MORE)
    change = [{"field": "stop.max_rounds.rounds", "before": 3, "now": 4}]
    assert (status(stopped)["state"], status(stopped)["reopened"]) == ("ready", change)
    told = run(stopped)
    assert "stop.max_rounds.rounds was changed from 3 to 4" in told
    assert "4 of at most 4 rounds are done" in told
    found = [body for _, kind, body in facts(stopped) if kind == "reopened"]
    assert found == [{"round": 2, "rule": "max_rounds", "changes": change}]
    order = [(number, kind) for number, kind, _ in facts(stopped)]
    assert order.index((2, "reopened")) < order.index((3, "round_opened"))
    assert "stop.max_rounds.rounds was changed from 3 to 4" in report(stopped)
    assert "round-0003" in git.tags(stopped)
    assert audit(stopped).problems == ()
    assert labelloop("-C", stopped, "replay", "--all").code == 0
    assert git.changed(stopped) == []


def test_another_rule_that_fires_then_is_named_with_what_to_do(stopped: Path) -> None:
    change_params(stopped, {**MORE, "campaign": {"budget": 2.5}})
    before = kinds(stopped)
    change_params(stopped, {"stop": {"max_rounds": {"rounds": 4}, "budget": {}}})
    for told in (run(stopped), labelloop("-C", stopped, "status").out):
        words = " ".join(told.split())
        assert "stop rule budget: " in words
        assert "to go on: raise campaign.budget to at least" in words
    assert "raise campaign.budget to at least" in report(stopped)
    assert [kind for kind in kinds(stopped) if kind not in before] == []
    change_params(stopped, {"campaign": {"budget": 90.0}})
    assert "4 of at most 4 rounds are done" in run(stopped)


def stop_by(root: Path, rules: dict[str, Any], **more: Any) -> str:
    change_params(root, {"stop": rules, **more})
    return run(root)


def test_a_target_that_was_reached_may_be_raised(campaign: Path) -> None:
    told = stop_by(campaign, {"target": {"metric": "accuracy", "at_least": 0.01}})
    assert "to go on: raise stop.target.at_least above" in told
    rounds = status(campaign)["round"]
    rules = {"target": {"metric": "accuracy", "at_least": 0.999}}
    change_params(campaign, {"stop": {**rules, "max_rounds": {"rounds": rounds + 2}}})
    assert f"{rounds + 2} of at most {rounds + 2} rounds are done" in run(campaign)


def test_a_plateau_says_how_to_wait_longer(campaign: Path) -> None:
    told = stop_by(campaign, {"plateau": {"metric": "accuracy", "rounds": 1, "gain": 1.0}})
    assert "to go on: lower stop.plateau.gain, raise stop.plateau.rounds above 1" in told
    number = status(campaign)["round"]
    change_params(campaign, {"stop": {"max_rounds": {"rounds": number + 2}}})
    assert "stop.plateau.gain was changed from 1.0 to nothing" in run(campaign)
    assert status(campaign)["round"] == number + 1


def test_a_budget_that_is_spent_may_be_raised(campaign: Path) -> None:
    told = stop_by(campaign, {"budget": {}}, campaign={"budget": 2.0})
    assert "to go on: raise campaign.budget to at least" in told
    number = status(campaign)["round"]
    change_params(campaign, {"campaign": {"budget": 2.0 + 0.8}})
    assert "campaign.budget was changed from 2.0 to 2.8" in run(campaign)
    assert status(campaign)["round"] > number


def test_an_exhausted_pool_may_grow(campaign: Path) -> None:
    told = stop_by(campaign, {"pool_exhausted": {}}, score={"batch": 114})
    assert "to go on: add items to the pool's source" in told
    number = status(campaign)["round"]
    more = items(10, seed=9).assign(item_id=[f"more-{n}" for n in range(10)])
    more.to_parquet(campaign / at.SOURCE / "second.parquet", index=False)
    told = run(campaign)
    assert "data/source/second.parquet was changed from nothing to" in told
    assert status(campaign)["round"] > number
    assert audit(campaign).problems == ()


def test_nothing_changed_is_nothing_done(stopped: Path) -> None:
    before = facts(stopped)
    change_params(stopped, {"tracking": {"experiment": "another"}})
    assert "3 of at most 3 rounds are done" in run(stopped)
    assert facts(stopped) == before


@pytest.mark.long
def test_killed_at_every_point_it_goes_on_as_if_it_had_not_been(
    stopped: Path, tmp_path: Path
) -> None:
    change_params(stopped, MORE)
    twin = Path(shutil.copytree(stopped, tmp_path / "twin" / "trees", symlinks=True))
    crashed = tmp_path / "crashed"
    assert in_process(advance, twin, LABELLOOP_CRASH_LOG=str(crashed)) == 0
    # The points of a round are walked by the tests of crashes.
    points = crashed.read_text().splitlines()
    own = [point for point in points if point.startswith(("reopen/", "begin/"))]
    crashed.write_text("".join(f"{point}\n" for point in points if point not in own))
    kills = 0
    while code := in_process(advance, stopped, LABELLOOP_CRASH_EACH=str(crashed)):
        assert code == -signal.SIGKILL
        kills += 1
    assert kills == len(own)
    assert any(point.startswith("reopen/ledger:") for point in own)
    assert_same(stopped, twin)


def test_two_runs_at_once_reopen_it_once(stopped: Path, tmp_path: Path) -> None:
    change_params(stopped, MORE)
    twin = Path(shutil.copytree(stopped, tmp_path / "twin" / "trees", symlinks=True))
    assert in_process(advance, twin) == 0
    runs = [FORK.Process(target=advance, args=(stopped,)) for _ in range(2)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert [one.exitcode for one in runs] == [0, 0]
    assert kinds(stopped).count("reopened") == 1
    assert_same(stopped, twin)
