"""Answers whose task somebody deleted at the vendor: a problem that may stand for a reason."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import Done, labelloop

from tasks import campaign as at
from tasks.audit import acknowledging
from tasks.audit.findings import Findings, Problem
from tasks.audit.verify_chain import Chain
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import CampaignError
from tasks.ledger.local import LocalLedger

TASK = Problem("vendor", "task k", "is gone", outside=True)
OWN = Problem("ledger", "ledger/00000003.json", "was changed")


def said(problem: Problem, reason: str = "known") -> Entry:
    body = {"problem": problem.digest, "reason": reason}
    return Entry(0, GENESIS, "2026-05-12T08:00:00+00:00", 0, "acknowledged", body)


def reported(*problems: Problem, entries: list[Entry]) -> Any:
    findings = Findings(problems=list(problems))
    return acknowledging.report(Chain(len(entries), "head", entries), findings)


def test_an_acknowledgement_covers_exactly_one_problem_as_it_was() -> None:
    changed = Problem("vendor", "task k", "is gone, and another one came", outside=True)
    assert reported(TASK, entries=[said(TASK)]).ok
    assert reported(changed, entries=[said(TASK)]).problems == (changed,)
    assert reported(TASK, OWN, entries=[said(TASK)]).problems == (OWN,)


def test_what_the_campaign_itself_records_cannot_be_acknowledged() -> None:
    # Not even by somebody who writes the entry past the command.
    assert reported(OWN, entries=[said(OWN)]).problems == (OWN,)
    with pytest.raises(CampaignError, match="cannot be acknowledged"):
        acknowledging.chosen(reported(OWN, entries=[]), [OWN.id])


@pytest.mark.parametrize("name", ["", "0000000", TASK.id[:4]])
def test_an_id_must_be_that_of_one_problem(name: str) -> None:
    with pytest.raises(CampaignError, match="labelloop audit"):
        acknowledging.chosen(reported(TASK, entries=[]), [name])


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 2000])
def test_a_reason_says_something(reason: str) -> None:
    with pytest.raises(CampaignError, match="--reason"):
        acknowledging.checked(reason)


def audited(root: Path) -> tuple[dict[str, Any], int]:
    done = labelloop("-C", root, "audit", "--json")
    return json.loads(done.out), done.code


def refused(done: Done) -> str:
    assert (done.code, len(done.err.splitlines())) == (2, 1), done
    return done.err


@pytest.mark.integration
def test_tasks_that_were_deleted_at_the_vendor_may_stand(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "trees", symlinks=True))
    keys = sorted(pd.read_parquet(root / at.SENT).query("round == 1")["key"])[:3]
    with sqlite3.connect(root / ".labelloop" / "simulated-vendor.sqlite") as database:
        for key in keys:
            for table in ("tasks", "records"):
                database.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
    found, code = audited(root)
    assert code == 1
    assert [one["where"] for one in found["problems"]] == [f"task {key}" for key in keys]
    assert all(one["can_be_acknowledged"] for one in found["problems"])
    ids = [one["id"] for one in found["problems"]]
    assert ids[0] in labelloop("-C", root, "audit").out

    entries = len(LocalLedger(root / at.LEDGER).entries())
    acknowledge = ("-C", root, "acknowledge")
    assert "--reason" in labelloop(*acknowledge, ids[0]).err
    assert "is empty" in refused(labelloop(*acknowledge, ids[0], "--reason", " "))
    assert "no problem" in refused(labelloop(*acknowledge, ids[0], "beefbeef", "--reason", "x"))
    assert len(LocalLedger(root / at.LEDGER).entries()) == entries

    why = "Deleted with the test project; the answers had been fetched"
    assert labelloop(*acknowledge, *ids[:2], "--reason", why).code == 0
    found, code = audited(root)
    assert ([one["id"] for one in found["problems"]], code) == (ids[2:], 1)
    assert labelloop(*acknowledge, *ids, "--reason", why).code == 0
    found, code = audited(root)
    assert (found["ok"], found["problems"], code) == (True, [], 0)
    assert [one["id"] for one in found["acknowledged"]] == ids
    assert {one["reason"] for one in found["acknowledged"]} == {why}
    assert why in labelloop("-C", root, "audit").out
    assert len(LocalLedger(root / at.LEDGER).entries()) == entries + 3
    # A second word adds nothing.
    assert labelloop(*acknowledge, ids[0], "--reason", "again").code == 0
    assert len(LocalLedger(root / at.LEDGER).entries()) == entries + 3

    broken = root / "ledger" / "00000004.json"
    broken.write_bytes(broken.read_bytes().replace(b'"round":', b'"round" :'))
    found, code = audited(root)
    assert code == 1
    (problem,) = [one for one in found["problems"] if one["where"] == "ledger/00000004.json"]
    said_of_it = refused(labelloop(*acknowledge, problem["id"], "--reason", "never mind"))
    assert "restore it" in said_of_it or "ledger" in said_of_it
