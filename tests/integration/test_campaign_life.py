"""What happens to a campaign over the weeks: a pool that grows, servers that are down, changes."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from support import advance, change_params, confirm, items, labelloop

from tasks import actions
from tasks import campaign as at
from tasks.audit import mlflow_client
from tasks.audit.verify import audit
from tasks.domain import digests, state
from tasks.domain.errors import CampaignError
from tasks.ledger.local import LocalLedger
from tasks.versions import data, git

pytestmark = pytest.mark.integration


def entries(root: Path) -> state.Entries:
    return LocalLedger(root / at.LEDGER).entries()


def test_a_pool_may_grow_between_rounds(campaign: Path) -> None:
    advance(campaign, 1)
    holdout = (campaign / at.HOLDOUT).read_bytes()
    more = items(60, seed=9).assign(item_id=[f"more-{number}" for number in range(60)])
    more.to_parquet(campaign / at.SOURCE / "second.parquet", index=False)
    advance(campaign, 1)
    assert len(pd.read_parquet(campaign / at.POOL)) == 160 - 40 - 6 + 60
    assert (campaign / at.HOLDOUT).read_bytes() == holdout
    considered = pd.read_parquet(campaign / at.DECISIONS)["item_id"]
    assert considered.str.startswith("more-").any()
    assert git.changed(campaign) == []
    assert audit(campaign).problems == ()
    assert labelloop("-C", campaign, "replay", "--all").code == 0


def test_while_mlflow_is_down_rounds_go_on_and_it_is_told_later(campaign: Path) -> None:
    change_params(campaign, {"tracking": {"uri": "http://127.0.0.1:9"}})
    done = labelloop("-C", campaign, "run", "--no-prefect", "--wait", "--rounds", "2")
    assert done.code == 0, done
    assert "made up for later: mlflow" in done.out
    assert state.closed_rounds(entries(campaign)) == [0, 1]
    assert state.last(entries(campaign), "logged") is None
    change_params(campaign, {"tracking": {"uri": "sqlite:///mlflow.db"}})
    assert actions.catch_up(campaign) == {"missed": []}
    assert [one.round for one in state.of_kind(entries(campaign), "logged")] == [0, 1]
    with mlflow_client.client(campaign, "sqlite:///mlflow.db") as client:
        experiment = client.get_experiment_by_name("trees")
        runs = client.search_runs([experiment.experiment_id])
    assert sorted(run.info.run_name for run in runs) == ["round-0000", "round-0001"]


def test_while_the_remote_is_down_rounds_go_on_and_it_is_told_later(
    campaign: Path, tmp_path: Path
) -> None:
    (tmp_path / "remote").write_text("a file where the folder should be")
    data.add_remote(campaign, str(tmp_path / "remote"))
    confirm(campaign)
    git.commit(campaign, "Set a remote", [".dvc"])
    done = labelloop("-C", campaign, "run", "--no-prefect", "--wait", "--rounds", "1")
    assert done.code == 0, done
    assert "made up for later: dvc" in done.out
    (tmp_path / "remote").unlink()
    assert actions.catch_up(campaign) == {"missed": []}
    assert state.last(entries(campaign), "pushed") is not None
    shutil.rmtree(campaign / ".dvc" / "cache")
    assert labelloop("-C", campaign, "replay", "0").code == 0


def until_sent(root: Path) -> None:
    advance(root, 1, wait=False)
    assert state.state(entries(root)) == "awaiting_labels"


def test_after_a_batch_was_sent_what_led_to_it_stays(campaign: Path) -> None:
    until_sent(campaign)
    change_params(campaign, {"score": {"batch": 7}})
    with pytest.raises(CampaignError, match=r"params\.yaml score.* after the batch of round 0"):
        advance(campaign, 1)
    change_params(campaign, {"score": {"batch": 6}, "review": {"aggregator": "majority"}})
    change_params(campaign, {"campaign": {"budget": 90.0}})
    advance(campaign, 1)
    assert set(pd.read_parquet(campaign / at.LABELS)["aggregator"]) == {"majority"}


def test_a_file_that_was_lost_is_computed_again_and_must_be_the_same(campaign: Path) -> None:
    until_sent(campaign)
    before = digests.of_file(campaign / at.DECISIONS)
    count = len(entries(campaign))
    (campaign / at.DECISIONS).unlink()
    (campaign / at.QUERY_CARD).write_text("{}")
    advance(campaign, 1, wait=False)
    assert digests.of_file(campaign / at.DECISIONS) == before
    kinds = [entry.kind for entry in entries(campaign)[count:]]
    assert "stage" not in kinds[: kinds.index("looked")]


def test_the_holdout_is_never_asked_for_and_gold_never_trained_on(finished: Path) -> None:
    sent = pd.read_parquet(finished / at.SENT)
    holdout = set((finished / at.HOLDOUT_IDS).read_text().split())
    gold = set((finished / at.GOLD_IDS).read_text().split())
    assert not set(sent["item_id"]) & holdout
    assert set(sent.loc[sent["role"] == "gold", "item_id"]) <= gold
    labels = pd.read_parquet(finished / at.LABELS)
    assert not set(labels["item_id"]) & (holdout | gold)


def test_a_round_that_data_forbid_does_not_start(campaign: Path) -> None:
    bad = items(5).assign(item_id=[f"bad-{n}" for n in range(5)], height=float("nan"))
    suite = json.loads((campaign / "suites" / "pool.json").read_text())
    for expectation in suite["expectations"]:
        expectation["severity"] = "critical"
    (campaign / "suites" / "pool.json").write_text(json.dumps(suite))
    git.commit(campaign, "Be strict", ["suites"])
    bad.to_parquet(campaign / at.SOURCE / "bad.parquet", index=False)
    done = labelloop("-C", campaign, "run", "--no-prefect")
    assert done.code == 2
    assert "height" in done.err
    assert "bad-0" in done.err
    assert state.last(entries(campaign), "batch_intended") is None
