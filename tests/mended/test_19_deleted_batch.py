"""A batch that somebody deleted at its vendor: what can be done is said, and does it."""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import advance, change_params, facts, in_process, labelloop, received

from tasks import actions
from tasks import campaign as at
from tasks.delivery import money

pytestmark = pytest.mark.integration

SLOW = {
    "vendor": {"options": {"hours_per_look": 4.0, "median_hours": 12.0, "late_rate": 0.0}},
    "stop": {"max_rounds": {"rounds": 2}},
}


def store(root: Path) -> Path:
    return root / ".labelloop" / "simulated-vendor.sqlite"


def delete(root: Path, batch: str) -> None:
    with sqlite3.connect(store(root)) as database:
        for table in ("batches", "tasks", "records", "decisions"):
            database.execute(f"DELETE FROM {table} WHERE batch = ?", (batch,))


def look(root: Path) -> None:
    advance(root, wait=False)


def waiting(root: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(labelloop("-C", root, "status", "--json").out)["waiting"]
    return said


def bodies(root: Path, kind: str) -> list[Any]:
    return [body for _, said, body in facts(root) if said == kind]


@pytest.fixture
def slow(campaign: Path) -> Path:
    """Give a campaign that waits, with some answers of round 1 fetched and others missing."""
    change_params(campaign, SLOW)
    assert in_process(advance, campaign, 1) == 0
    for _ in range(3):
        assert in_process(look, campaign) == 0
    before = waiting(campaign)
    assert 0 < before["answered"] < before["expected"]
    return campaign


def refused(root: Path) -> str:
    done = labelloop("-C", root, "run", "--no-prefect", "--wait")
    assert (done.code, len(done.err.splitlines())) == (2, 1), done
    return done.err


def finish(root: Path) -> None:
    assert in_process(advance, root) == 0
    done = labelloop("-C", root, "audit", "--json")
    found = json.loads(done.out)
    assert (found["problems"], done.code) == ([], 0)
    assert any("trees-0001 was deleted" in said for said in found["unchecked"])
    replayed = labelloop("-C", root, "replay", "--all")
    assert replayed.code == 0, replayed.out + replayed.err


def test_the_run_and_the_status_say_what_can_be_done(slow: Path) -> None:
    before = waiting(slow)
    delete(slow, "trees-0001")

    said = refused(slow)

    assert "labelloop resend" in said
    assert "labelloop take" in said
    assert "Traceback" not in said
    after = waiting(slow)
    assert "the simulated vendor has no such batch" in after["deleted"]
    counted = ("vendor", "expected", "answered", "gone")
    assert {name: after[name] for name in counted} == {name: before[name] for name in counted}
    assert "labelloop resend" in labelloop("-C", slow, "status").out
    # Saying it again adds nothing.
    entries = len(facts(slow))
    assert refused(slow) == said
    assert len(facts(slow)) == entries


def test_status_counts_the_open_round_and_not_the_one_before(slow: Path) -> None:
    """An earlier batch is looked at in the open round, too."""
    assert waiting(slow)["expected"] == bodies(slow, "batch_intended")[-1]["answers"]


def test_what_is_missing_is_asked_anew_and_the_money_is_reserved_once(slow: Path) -> None:
    fetched = waiting(slow)["answered"]
    first = bodies(slow, "batch_intended")[-1]
    delete(slow, "trees-0001")
    refused(slow)

    done = labelloop("-C", slow, "resend")

    assert (done.code, done.err) == (0, "")
    (decided,) = bodies(slow, "batch_lost")
    assert (decided["batch"], decided["resend"]) == ("trees-0001", True)
    assert decided["missing"] == first["answers"] - fetched
    assert decided["released"] == pytest.approx(0.05 * decided["missing"])
    # A second word changes nothing.
    assert labelloop("-C", slow, "take").code == 2
    assert labelloop("-C", slow, "status").code == 0
    finish(slow)
    again = bodies(slow, "batch_intended")[-1]
    assert (again["batch"], again["leg"]) == ("trees-0001-3", 3)
    assert again["answers"] == decided["missing"]
    assert again["reserved"] == pytest.approx(decided["released"])
    sent, answers = (pd.read_parquet(slow / name) for name in (at.SENT, at.ANSWERS))
    anew = sent[sent["leg"] == 3]
    assert all(key.endswith("-3") for key in anew["key"])
    assert set(anew["item_id"]) <= set(sent.loc[sent["leg"] == 1, "item_id"])
    assert money.outstanding(sent, answers) == 0
    # Answers that had been fetched count, beside those of the new attempt.
    mine = answers[answers["round"] == 1]
    assert len(mine[~mine["key"].isin(anew["key"])]) == fetched
    assert len(mine) == first["answers"]
    item = anew["item_id"].iloc[0]
    story = labelloop("-C", slow, "why", item).out
    assert "deleted at the vendor" in story
    assert "asked anew" in story


def test_what_is_there_is_taken_and_the_rest_of_the_money_is_free(slow: Path) -> None:
    fetched = waiting(slow)["answered"]
    delete(slow, "trees-0001")

    done = labelloop("-C", slow, "take", "trees-0001")

    assert (done.code, done.err) == (0, "")
    assert re.search(r"\d+\.\d\d that was reserved for them is free", done.out)
    finish(slow)
    sent, answers = (pd.read_parquet(slow / name) for name in (at.SENT, at.ANSWERS))
    assert money.outstanding(sent, answers) == 0
    assert set(sent["leg"]) == {1}
    assert len(answers[answers["round"] == 1]) == fetched
    collected = bodies(slow, "collected")[-1]
    assert (collected["complete"], collected["deadline"]) == (False, False)


def test_an_earlier_rounds_batch_can_be_let_go(campaign: Path) -> None:
    """Late answers of round 0 are waited for in round 1, at a vendor that has them no more."""
    late = {"deadline_hours": 10.0, "at_deadline": "take"}
    change_params(campaign, {**SLOW, "collect": late})
    assert in_process(advance, campaign, 1) == 0
    sent, answers = (pd.read_parquet(campaign / name) for name in (at.SENT, at.ANSWERS))
    owed = money.outstanding(sent, answers)
    assert owed > 0
    delete(campaign, "trees-0000")
    assert "labelloop take" in refused(campaign)
    assert "round 0 is over" in labelloop("-C", campaign, "resend").err

    assert labelloop("-C", campaign, "take").code == 0

    assert bodies(campaign, "batch_lost")[0]["released"] == pytest.approx(owed)
    assert in_process(advance, campaign) == 0
    sent = pd.read_parquet(campaign / at.SENT)
    answers = pd.read_parquet(campaign / at.ANSWERS)
    assert money.outstanding(sent[sent["round"] == 0], answers) == 0
    assert labelloop("-C", campaign, "audit").code == 0


def test_a_batch_that_is_there_is_nothing_to_decide_about(slow: Path) -> None:
    for command in ("resend", "take"):
        done = labelloop("-C", slow, command)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert "no batch is deleted" in done.err
    unknown = labelloop("-C", slow, "take", "trees-0009")
    assert (unknown.code, len(unknown.err.splitlines())) == (2, 1)
    assert "trees-0001" in unknown.err
    assert bodies(slow, "batch_lost") == []


def decide(root: Path) -> None:
    actions.recover(root, None, resend=True)


def wait(root: Path) -> None:
    while not actions.look(root, 1)["done"]:
        pass


@pytest.mark.long
def test_killed_anywhere_it_ends_as_if_nothing_had_happened(slow: Path, tmp_path: Path) -> None:
    delete(slow, "trees-0001")
    twin = Path(shutil.copytree(slow, tmp_path / "twin" / "trees", symlinks=True))
    seen = tmp_path / "seen"
    for step in (decide, wait):
        while (code := in_process(step, slow, LABELLOOP_CRASH_EACH=str(seen))) != 0:
            assert code == -9
        assert in_process(step, twin) == 0
    points = seen.read_text().splitlines()
    assert any("vendor:submit" in point for point in points)
    assert any("vendor:ensure_batch:trees-0001-3" in point for point in points)
    assert facts(slow) == facts(twin)
    assert received(slow) == received(twin)
