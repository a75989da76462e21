"""One run closes a round whose answers are in or gone; a clone says whose annotators it lacks."""

import shutil
from datetime import datetime, timedelta

import pandas as pd
import pytest
from labelloop_contracts.trial import Trial
from sagemaker import VENDORS_TEAM
from support import change_params, facts, labelloop
from vendors.ground_truth_world import GroundTruthWorld

from tasks import campaign as at
from tasks.domain.errors import VendorRefusedError
from tasks.ledger.local import LocalLedger

pytestmark = pytest.mark.integration


def test_one_run_closes_a_round_of_which_nothing_more_will_come(campaign):
    at_once = {"hours_per_look": 1000.0, "skip_rate": 0.1}
    change_params(campaign, {"vendor": {"options": at_once}})
    done = labelloop("-C", campaign, "run", "--no-prefect", "--rounds", "1")
    assert done.code == 0, done.err
    bodies = [body for _, kind, body in facts(campaign) if kind == "looked"]
    progress = bodies[-1]["progress"]
    assert progress["gone"] > 0
    assert progress["answered"] + progress["gone"] == progress["expected"]
    assert [kind for _, kind, _ in facts(campaign)].count("round_closed") == 1


def test_a_clone_without_the_simulated_annotators_says_what_to_do(campaign, tmp_path):
    assert labelloop("-C", campaign, "run", "--no-prefect").code == 0
    clone = tmp_path / "clone"
    shutil.copytree(campaign, clone, symlinks=True)
    vendor = clone / ".labelloop" / "simulated-vendor.sqlite"
    kept = vendor.rename(tmp_path / vendor.name)
    done = labelloop("-C", clone, "run", "--no-prefect")
    assert done.code == 2
    assert "no such batch on this machine" in done.err
    assert "copy .labelloop/simulated-vendor.sqlite from the machine that sent it" in done.err
    assert "vendor.options.store" in done.err
    kept.rename(vendor)
    assert labelloop("-C", clone, "run", "--no-prefect", "--wait").code == 0


def test_simulated_answers_are_dated_after_they_were_asked_for(campaign):
    change_params(campaign, {"vendor": {"options": {"start": ""}}})
    assert labelloop("-C", campaign, "run", "--no-prefect", "--wait", "--rounds", "2").code == 0
    entries = LocalLedger(campaign / at.LEDGER).entries()
    sent = {entry.round: entry.at for entry in entries if entry.kind == "batch_sent"}
    answers = pd.read_parquet(campaign / at.ANSWERS)
    assert len(answers)
    for asked, answered in zip(answers["round"].map(sent), answers["answered_at"], strict=True):
        waited = datetime.fromisoformat(answered) - datetime.fromisoformat(asked)
        assert timedelta() < waited < timedelta(days=30)


@pytest.mark.parametrize("team", [VENDORS_TEAM, VENDORS_TEAM + "s"])
def test_a_vendors_team_is_asked_for_as_one_that_was_subscribed_to(s3, tmp_path, monkeypatch, team):
    world = GroundTruthWorld(s3, tmp_path, monkeypatch.setenv, workteam_arn=team)
    world.sagemaker.denied = {"DescribeWorkteam": "AccessDeniedException"}
    trial = Trial(world)
    try:
        if team == VENDORS_TEAM:
            trial.account().preflight()
        else:
            with pytest.raises(VendorRefusedError, match="No Workteam found"):
                trial.account().preflight()
    finally:
        trial.end()
        world.end()
