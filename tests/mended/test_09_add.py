"""New items join the pool of a campaign that has begun, from the next round on."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import (
    SMALL,
    Done,
    advance,
    change_params,
    facts,
    in_process,
    items,
    labelloop,
    merge,
    trust,
)

from flows.replay import replay
from flows.status import status
from tasks import campaign as at
from tasks.add import add
from tasks.audit.verify import audit
from tasks.create import Request, create
from tasks.domain import tables
from tasks.snapshot import own
from tasks.versions import git
from tasks.work import look_at

pytestmark = pytest.mark.integration


def refused(done: Done, *parts: str) -> None:
    assert done.code == 2, done
    assert len(done.err.strip().splitlines()) == 1, done.err
    for part in parts:
        assert part in done.err, done.err


def more(n: int = 20, **columns: Any) -> pd.DataFrame:
    """Make items that are not in the campaign."""
    frame = items(n, seed=11)
    return frame.assign(item_id=[f"new-{number:04d}" for number in range(n)], **columns)


def pool(root: Path) -> set[str]:
    return set(tables.read(root / at.POOL)["item_id"])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_added_items_are_in_the_next_rounds_pool(
    campaign: Path, tmp_path: Path, ending: str
) -> None:
    advance(campaign, 1)
    given = tmp_path / f"more.{ending}"
    more().to_csv(given, index=False) if ending == "csv" else more().to_parquet(given, index=False)
    done = labelloop("-C", campaign, "add", given, "--json")
    assert done.code == 0, done
    told = json.loads(done.out)
    assert (told["items"], told["counts_from"]) == (20, 1)
    assert git.changed(campaign) == []
    assert "before" in labelloop("-C", campaign, "add", given).out
    assert "was added" in labelloop("-C", campaign, "why", "new-0003").out
    advance(campaign)
    assert pool(campaign) >= set(more()["item_id"])
    assert audit(campaign).problems == ()
    assert replay(campaign).equal
    clone = tmp_path / "clone"
    git.run(tmp_path, "clone", "--quiet", str(campaign), str(clone))
    shutil.copytree(campaign / ".dvc" / "cache", clone / ".dvc" / "cache")
    assert replay(clone, [0, 2]).equal


def test_an_open_round_stays_as_it_is(campaign: Path, tmp_path: Path) -> None:
    advance(campaign, wait=False)
    assert status(campaign).state == "awaiting_labels"
    more().to_parquet(tmp_path / "more.parquet", index=False)
    before = pool(campaign)
    assert add(campaign, tmp_path / "more.parquet")["counts_from"] == 1
    advance(campaign, 1)
    assert pool(campaign) == before
    assert audit(campaign).problems == ()
    advance(campaign, 1)
    assert pool(campaign) == before | set(more()["item_id"])
    assert audit(campaign).problems == ()


def test_a_folder_of_files_and_labels_for_new_items_come_in_together(
    campaign: Path, tmp_path: Path
) -> None:
    (tmp_path / "shards").mkdir()
    more().iloc[:12].to_csv(tmp_path / "shards" / "a.csv", index=False)
    more().iloc[12:].to_parquet(tmp_path / "shards" / "b.parquet", index=False)
    assert add(campaign, tmp_path / "shards")["items"] == 20
    (tmp_path / "l.csv").write_text("item_id,label\nnew-0001,ash\nnew-0015,birch\n")
    done = labelloop("-C", campaign, "import", "labels", tmp_path / "l.csv", "--source", "Ada")
    assert done.code == 0, done
    checked = labelloop("-C", campaign, "check")
    assert checked.code == 0, checked
    assert "134 items" in checked.out
    advance(campaign, 1)
    assert pool(campaign) >= set(more()["item_id"])
    labels = tables.read(campaign / at.LABELS).set_index("item_id")
    assert labels.loc[["new-0001", "new-0015"], "role"].tolist() == ["imported", "imported"]
    assert audit(campaign).problems == ()
    assert replay(campaign).equal


def test_items_that_cannot_be_added_are_one_line_and_nothing_is_written(
    campaign: Path, tmp_path: Path
) -> None:
    before, given = facts(campaign), tmp_path / "more.csv"
    there = items().iloc[[3, 5]]
    wrong: dict[str, tuple[pd.DataFrame, tuple[str, ...]]] = {
        "there already": (pd.concat([more(), there]), ("more.csv", "item-0003", "item-0005")),
        "in the holdout": (
            items()
            .set_index("item_id")
            .loc[(campaign / "holdout.txt").read_text().split()[:1]]
            .reset_index(),
            ("more.csv", "more than once"),
        ),
        "twice": (pd.concat([more(), more(2)]), ("more.csv", "new-0000", "new-0001")),
        "column missing": (more().drop(columns="girth"), ("more.csv", "'girth'")),
        "column too many": (more(weight=1), ("more.csv", "'weight'")),
        "another kind": (more(height="tall"), ("more.csv", "'height'", "string")),
        "no class": (more(label="oak"), ("more.csv", "'oak'", "new-0000")),
        "no id": (more().assign(item_id=None), ("more.csv", "item_id")),
    }
    for frame, expected in wrong.values():
        frame.to_csv(given, index=False)
        refused(labelloop("-C", campaign, "add", given), *expected)
    refused(labelloop("-C", campaign, "add", tmp_path / "none.csv"), "none.csv", "missing")
    assert facts(campaign) == before
    assert not (campaign / at.ADDED).exists()
    assert git.changed(campaign) == []


@pytest.mark.long
def test_killed_at_every_point_items_are_added_once_or_never(
    campaign: Path, tmp_path: Path
) -> None:
    given, crashed, kills = tmp_path / "more.parquet", tmp_path / "crashed", 0
    more().to_parquet(given, index=False)
    undisturbed = Path(shutil.copytree(campaign, tmp_path / "undisturbed"))
    add(undisturbed, given)
    while code := in_process(add, campaign, given, LABELLOOP_CRASH_EACH=str(crashed)):
        assert code == -signal.SIGKILL
        assert [one for one in git.changed(campaign) if not own(one)] == []
        kills += 1
    assert kills == len(crashed.read_text().splitlines()) > 6
    assert facts(campaign) == facts(undisturbed)
    assert git.changed(campaign) == []


def test_a_campaign_goes_on_after_an_addition_was_cut_short(campaign: Path, tmp_path: Path) -> None:
    more().to_parquet(tmp_path / "more.parquet", index=False)
    point = "add/ledger:items_added"
    log = tmp_path / "log"
    twin = Path(shutil.copytree(campaign, tmp_path / "twin"))
    assert in_process(add, twin, tmp_path / "more.parquet", LABELLOOP_CRASH_LOG=str(log)) == 0
    (at_entry,) = [
        one for one in log.read_text().split() if one.startswith(point) and one.endswith("before")
    ]
    died = in_process(add, campaign, tmp_path / "more.parquet", LABELLOOP_CRASH_AT=at_entry)
    assert died == -signal.SIGKILL
    found = audit(campaign)
    assert found.problems == ()
    assert any("cut short" in one for one in found.unchecked)
    advance(campaign, 1)
    assert not pool(campaign) & set(more()["item_id"])
    assert add(campaign, tmp_path / "more.parquet")["counts_from"] == 1
    advance(campaign, 1)
    assert pool(campaign) >= set(more()["item_id"])
    assert audit(campaign).problems == ()


def test_in_remotes_what_one_machine_adds_another_goes_on_with(
    s3_bucket: str, tmp_path: Path, clone: Callable[[str], Path]
) -> None:
    more().to_parquet(tmp_path / "more.parquet", index=False)
    first, second = clone("first"), clone("second")
    advance(first, wait=False)
    add(second, tmp_path / "more.parquet")
    chosen = sorted(set(items()["item_id"]) - pool(first))[0]
    taken = set(tables.read(first / at.BATCH)["item_id"])
    chosen = sorted(pool(first) - taken)[0]
    (tmp_path / "l.csv").write_text(f"item_id,label\n{chosen},ash\n")
    done = labelloop("-C", first, "import", "labels", tmp_path / "l.csv", "--source", "Ada")
    assert done.code == 0, done
    third = clone("third")
    while len(look_at(third).ledger.entries()) and status(third).round < 1:
        advance(third, wait=False)
    advance(third, wait=False)
    assert pool(third) >= set(more()["item_id"])
    assert chosen in set(tables.read(third / at.BASE_LABELS)["item_id"])
    assert audit(third).problems == ()


@pytest.fixture
def clone(warm: None, s3_bucket: str, tmp_path: Path) -> Callable[[str], Path]:
    """Give machines with empty disks a campaign in remotes."""
    from tasks.audit import mlflow_client

    bare = tmp_path / "campaign.git"
    git.run(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    items().to_parquet(tmp_path / "items.parquet", index=False)
    asked = {"remote": f"s3://{s3_bucket}/trees", "git_remote": str(bare)}
    root = tmp_path / "trees"
    create(Request(root, pool=tmp_path / "items.parquet", holdout=40, gold=6, **asked))
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    options = {"store": str(tmp_path / "vendor.sqlite"), "hours_per_look": 4.0}
    changes = merge(dict(SMALL), {"vendor": {"options": options}, "tracking": {"uri": uri}})
    change_params(root, changes)
    mlflow_client.prepare(root, uri)
    git.run(root, "push", "--quiet")

    def clone(name: str) -> Path:
        git.run(tmp_path, "clone", "--quiet", str(bare), str(tmp_path / name))
        trust(tmp_path / name)
        return tmp_path / name

    return clone
