"""Reading a campaign in remotes writes nothing, and a clone that is behind is called stale."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support import (
    SMALL,
    advance,
    change_params,
    confirm,
    in_process,
    items,
    labelloop,
    merge,
    trust,
)

from tasks import campaign as at
from tasks.audit.verify import audit
from tasks.create import Request, create
from tasks.domain import state
from tasks.versions import git
from tasks.work import look_at

pytestmark = pytest.mark.integration


def run(root: Path, rounds: int) -> None:
    """Close rounds on a machine."""
    assert in_process(advance, root, rounds) == 0


def clone(bare: Path, name: str, is_mine: Callable[[Path], None] = trust) -> Path:
    root = bare.parent / name
    git.run(bare, "clone", "--quiet", str(bare), str(root))
    is_mine(root)
    return root


@pytest.fixture
def bare(warm: None, s3_bucket: str, tmp_path: Path) -> Path:
    """Give the git remote of a campaign whose ledger and data are in a bucket."""
    bare, folder = tmp_path / "campaign.git", tmp_path / "made"
    folder.mkdir()
    git.run(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    items().to_parquet(folder / "items.parquet", index=False)
    root, remote = folder / "trees", f"s3://{s3_bucket}/trees"
    create(
        Request(
            root,
            pool=folder / "items.parquet",
            holdout=40,
            gold=6,
            remote=remote,
            git_remote=str(bare),
        )
    )
    store = {"vendor": {"options": {"store": str(folder / "vendor.sqlite")}}}
    change_params(root, merge(dict(SMALL), store))
    git.run(root, "push", "--quiet")
    return bare


def test_status_and_audit_in_a_stale_clone(bare: Path) -> None:
    machine, stale = clone(bare, "machine"), clone(bare, "stale", confirm)
    run(machine, 1)
    git.run(stale, "pull", "--quiet")
    run(machine, 2)
    assert len(state.closed_rounds(look_at(stale).ledger.entries())) == 3
    assert "round 2" in labelloop("-C", stale, "status").out
    report = audit(stale)
    assert report.problems == ()
    assert any("this clone is stale: round-0001 to round-0002" in one for one in report.unchecked)
    assert git.changed(stale) == []
    assert not (stale / at.PRIVATE).exists()
    git.run(stale, "pull", "--quiet", "--tags")
    assert audit(stale).problems == ()
    assert not any("stale" in one for one in audit(stale).unchecked)


def test_a_machine_in_the_middle_of_a_round_can_pull(bare: Path) -> None:
    one, other = clone(bare, "one"), clone(bare, "other")
    change_params(one, {"vendor": {"options": {"hours_per_look": 0.5}}})
    git.run(one, "push", "--quiet")
    assert in_process(lambda: advance(one, wait=False)) == 0
    assert look_at(one).ledger.entries()
    assert git.changed(one) == [] or git.changed(one) == [at.ROUND]
    run(other, 1)
    git.run(one, "pull", "--quiet", "--tags")
    assert audit(one).problems == ()


def test_a_tag_that_nobody_has_is_a_problem(bare: Path) -> None:
    machine = clone(bare, "machine")
    run(machine, 2)
    git.run(machine, "push", "--quiet", "--delete", "origin", "round-0000")
    git.run(machine, "tag", "--delete", "round-0000")
    places = [problem.where for problem in audit(machine).problems]
    assert "tag round-0000" in places


def test_an_entry_that_was_changed_here_is_named(bare: Path) -> None:
    machine = clone(bare, "machine")
    run(machine, 1)
    path = machine / at.LEDGER / "00000001.json"
    path.write_bytes(path.read_bytes().replace(b"round", b"bound", 1))
    assert audit(machine).problems[0].where == f"{at.LEDGER}/00000001.json"


def test_a_bucket_that_is_away_is_said(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = clone(bare, "machine")
    run(machine, 1)
    shutil.rmtree(machine / at.PRIVATE / "ledger")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    report = audit(machine)
    assert any("this clone's copy was read" in one for one in report.unchecked)
    assert not [problem for problem in report.problems if problem.kind == "ledger"]
