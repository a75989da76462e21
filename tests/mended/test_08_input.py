"""What users write wrong is told in one line of plain words, and nothing is bought by it."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import change_params, items, labelloop

from tasks.ledger.local import LocalLedger

pytestmark = pytest.mark.integration

PARAMS: dict[str, tuple[dict[str, Any], str]] = {
    "metric": (
        {"stop": {"target": {"metric": "f1", "at_least": 0.9}}},
        "stop.target.metric: there is no metric 'f1'; did you mean 'macro_f1'?",
    ),
    "metric of a class": (
        {"stop": {"plateau": {"metric": "recall/asch"}}},
        "there is no metric 'recall/asch'; did you mean 'recall/ash'?",
    ),
    "numbers as classes": (
        {"campaign": {"classes": [1, 2]}},
        "campaign.classes.0: must be text, not the number 1; put it in quotes: '1'",
    ),
    "booleans as classes": (
        {"campaign": {"classes": [True, False]}},
        "campaign.classes.0: must be text, not true; put it in quotes: 'true'",
    ),
}


@pytest.mark.parametrize("case", PARAMS)
def test_params_are_refused_before_a_round_is_bought(campaign: Path, case: str) -> None:
    changes, expected = PARAMS[case]
    change_params(campaign, changes)
    for command in ("check", "run"):
        done = labelloop("-C", campaign, command, *(["--no-prefect"] if command == "run" else []))
        assert (done.code, done.err.count("\n")) == (2, 1), done
        assert expected in done.err
    assert LocalLedger(campaign / "ledger").entries() == ()


def test_metrics_that_there_are_pass(campaign: Path) -> None:
    rules = {"target": {"metric": "recall/ash", "at_least": 0.9}, "plateau": {"metric": "macro_f1"}}
    change_params(campaign, {"stop": rules})
    assert labelloop("-C", campaign, "check").code == 0


def test_a_duplicate_id_is_one_bad_line(campaign: Path) -> None:
    (source,) = (campaign / "data" / "source").iterdir()
    more = pd.concat([items(), items().iloc[[3]]])
    more.to_parquet(source, index=False)
    done = labelloop("-C", campaign, "check")
    lines = [line for line in done.out.splitlines() if not line.startswith("ok ")]
    bad = [line for line in lines if line.startswith("BAD") and " git:" not in line]
    assert done.code == 2
    assert len(bad) == 1
    assert "pool: " in bad[0]
    assert "'item-0003'" in bad[0]
    for line in set(lines) - {line for line in lines if line.startswith("BAD")}:
        assert line.startswith("--"), line
        assert line.endswith("not looked at: it needs pool, which is not ok")


USAGE = {
    "a number too small": (("init", "x", "--holdout", "-5"), "'--holdout': must be at least 0"),
    "no number": (("run", "--rounds", "x"), "'--rounds': must be a whole number, not 'x'"),
    "no such option": (("run", "--frob"), "No such option: --frob"),
    "no such command": (("frob",), "No such command 'frob'"),
    "no such choice": (("serve", "--webhook-scheme", "x"), "'x' is not one of 'hmac'"),
    "an argument too few": (("why",), "Missing argument 'item'"),
    "nothing": ((), "labelloop --help"),
}


@pytest.mark.parametrize("case", USAGE)
def test_a_mistake_on_the_command_line_is_one_line(case: str) -> None:
    arguments, expected = USAGE[case]
    done = labelloop(*arguments)
    assert done.code == 2
    assert done.err.startswith("labelloop: ")
    assert done.err.count("\n") == 1
    assert expected in done.err


def test_an_id_that_begins_with_a_hyphen_can_be_asked_for(campaign: Path) -> None:
    assert "no item '-12'" in labelloop("-C", campaign, "why", "-12").err


IDS = {
    "another folder": "../../x",
    "a part that is a folder above": "a/../b",
    "backslashes": "..\\x",
    "a control character": "a\x07b",
    "a line": "a\nb",
    "a line separator": "a\u2028b",
    "no-break space": "\u00a0a",
    "right to left": "a\u202eb",
    "a byte order mark": "\ufeffa",
    "very long": "a" * 251,
    "rounded": "1.23457E+19",
}


@pytest.mark.parametrize("case", IDS)
def test_ids_that_cannot_be_safe_are_refused(tmp_path: Path, case: str) -> None:
    frame = items().assign(item_id=[IDS[case], *items()["item_id"][1:]])
    frame.to_parquet(tmp_path / "items.parquet", index=False)
    done = labelloop("init", tmp_path / "made", "--pool", tmp_path / "items.parquet")
    assert (done.code, done.err.count("\n")) == (2, 1), done
    assert "item 1 has an id" in done.err
    assert len(done.err) < 400 + len(str(tmp_path))
    assert not (tmp_path / "made").exists()


def test_ids_that_only_look_the_same_are_refused(tmp_path: Path) -> None:
    frame = items().assign(item_id=["caf\u00e9", "cafe\u0301", *items()["item_id"][2:]])
    frame.to_parquet(tmp_path / "items.parquet", index=False)
    done = labelloop("init", tmp_path / "made", "--pool", tmp_path / "items.parquet")
    assert done.code == 2
    assert "two ids look the same" in done.err
