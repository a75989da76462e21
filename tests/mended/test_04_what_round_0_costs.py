"""What a round costs is told before it is bought, and a refusal leaves nothing behind."""

import json
from pathlib import Path

import pandas as pd
import pytest
from support import SMALL, advance, change_params, facts, in_process, items, labelloop

from tasks import campaign as at
from tasks.audit.verify import audit
from tasks.versions import git

pytestmark = pytest.mark.integration


@pytest.fixture
def dear(warm: None, tmp_path: Path) -> tuple[Path, str]:
    """Make a campaign that knows no class but those of gold; give what `init` said."""
    known = items().assign(label=lambda frame: frame["label"].where(frame.index % 8 == 0))
    known.to_parquet(tmp_path / "items.parquet", index=False)
    root = tmp_path / "trees"
    asked = ("--pool", tmp_path / "items.parquet", "--label", "label", "--holdout", "60")
    done = labelloop("init", root, *asked, "--gold", "6")
    assert done.code == 0, done
    params = {**SMALL, "vendor": {"price": 0.1, "options": {}}, "campaign": {"budget": 20.0}}
    change_params(root, params)
    return root, " ".join(done.out.split())


def check(root: Path) -> dict[str, tuple[bool, bool, str]]:
    done = labelloop("-C", root, "check", "--json")
    return {
        one["name"]: (one["ok"], one["warning"], one["said"])
        for one in json.loads(done.out)["checks"]
    }


def bought(root: Path) -> int:
    return int((pd.read_parquet(root / at.HOLDOUT)["label"].isna()).sum())


def test_init_and_check_count_holdout_gold_and_queries_apart(dear: tuple[Path, str]) -> None:
    root, said = dear
    n = bought(root)
    cost = n * 3 * 0.02
    assert f"holdout {n} x 3 answers = {cost:.2f}" in said
    assert f"round 0 costs at most {(40 + 4) * 3 * 0.02 + cost:.2f} (queries 40 x 3" in said
    assert "a later one at most 2.64 (queries 40 x 3 answers = 2.40, gold 4 x" in said
    ok, _, told = check(root)["budget"]
    assert ok
    cost = n * 2 * 0.1
    assert told.startswith(f"20.00 is left; round 0 costs at most {1.6 + cost:.2f} (queries 6 x 2")
    assert f"holdout {n} x 2 answers = {cost:.2f}" in told
    assert "a later one at most 1.60" in told
    ok, warning, told = check(root)["holdout"]
    assert (ok, warning) == (True, True)
    assert f"which is {cost / 20:.0%} of the budget; evaluate.holdout_per_round: 6 would" in told
    assert "warn holdout: " in labelloop("-C", root, "check").out


def test_a_refusal_leaves_nothing_behind(dear: tuple[Path, str]) -> None:
    root, _ = dear
    change_params(root, {"campaign": {"budget": 5.0}})
    assert not check(root)["budget"][0]
    for _ in range(2):
        done = labelloop("-C", root, "run", "--no-prefect", "--wait")
        assert (done.code, len(done.err.splitlines())) == (2, 1), done
        assert "round 0 costs up to" in done.err
        assert "evaluate.holdout_per_round" in done.err
        assert git.run(root, "status", "--porcelain") == ""
        assert facts(root) == []


def test_a_later_round_that_costs_too_much_leaves_nothing_behind_either(campaign: Path) -> None:
    assert in_process(advance, campaign, 1) == 0
    change_params(campaign, {"campaign": {"budget": 1.0}})
    before = facts(campaign)
    done = labelloop("-C", campaign, "run", "--no-prefect", "--wait")
    assert (done.code, len(done.err.splitlines())) == (2, 1), done
    assert "round 1 costs up to" in done.err
    assert facts(campaign) == before
    assert git.run(campaign, "status", "--porcelain") == ""


def test_the_holdout_is_bought_over_several_rounds(dear: tuple[Path, str]) -> None:
    root, _ = dear
    n = bought(root)
    change_params(root, {"evaluate": {"holdout_per_round": 20}, "campaign": {"budget": 60.0}})
    rounds = [20, 20, n - 40, 0]
    change_params(root, {"stop": {"max_rounds": {"rounds": 4}, "budget": {}}})
    assert "in 3 rounds of 20" in check(root)["holdout"][2]
    assert in_process(advance, root) == 0
    sent = pd.read_parquet(root / at.SENT)
    first = sent[(sent["role"] == "holdout") & (sent["copy"] == 1)]
    assert [int((first["round"] == number).sum()) for number in range(4)] == rounds
    assert first["item_id"].is_unique
    stop = json.loads((root / at.STOP).read_text())
    assert "pays for another batch at" in stop["rules"]["budget"]["reason"]
    assert audit(root).problems == ()
