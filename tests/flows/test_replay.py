"""A round that is done again elsewhere gives the same bytes, or says where it does not."""

import json
import shutil
from pathlib import Path

import pytest
from support import confirm, labelloop

from flows.replay import Replay, RoundReplay, StageReplay, replay
from tasks import campaign as at
from tasks import pipeline
from tasks.domain import arithmetic, environment
from tasks.domain.errors import CampaignError, UntrustedError
from tasks.ledger.local import LocalLedger
from tasks.selection import decisions
from tasks.versions import data, git
from tasks.versions.store import Store

LAST = 2


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "trees", symlinks=True))


def clone(source: Path, target: Path) -> Path:
    git.run(source, "clone", "--quiet", str(source), str(target))
    return target


def forget(root: Path, names: tuple[str, ...]) -> None:
    """Remove what git and DVC do not need."""
    for name in names:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def outcome(found: Replay) -> dict[int, dict[str, bool]]:
    return {one.round: {s.stage: s.equal for s in one.stages} for one in found.rounds}


ALL_EQUAL = {number: dict.fromkeys(pipeline.NAMES, True) for number in range(LAST + 1)}


@pytest.mark.integration
def test_every_stage_of_every_round_is_equal(copy: Path) -> None:
    forget(copy, ("data", "base", "round", "snapshot", ".labelloop", "mlflow.db"))
    before, changed = sorted(copy.rglob("*")), git.changed(copy)
    seen: list[int] = []
    found = replay(copy, watch=lambda one: seen.append(one.round))
    assert found.equal
    assert outcome(found) == ALL_EQUAL
    assert seen == [0, 1, 2]
    own = (".dvc/tmp", ".git/")
    there = [path for path in sorted(copy.rglob("*")) if not any(o in str(path) for o in own)]
    assert there == [path for path in before if not any(o in str(path) for o in own)]
    assert git.changed(copy) == changed


@pytest.mark.integration
def test_a_clone_needs_only_the_remote(copy: Path, tmp_path: Path) -> None:
    elsewhere = clone(copy, tmp_path / "clone")
    remote = f"[core]\nremote = storage\n['remote \"storage\"']\nurl = {tmp_path / 'remote'}\n"
    for root in (copy, elsewhere):
        (root / ".dvc" / "config.local").write_text(remote)
        confirm(root)
    entries = LocalLedger(copy / at.LEDGER).entries()
    written = [e.body["outputs"] for e in entries if e.kind == "stage"]
    written += [e.body["files"] for e in entries if e.kind == "snapshot"]
    kept = [of["md5"] for files in written for path, of in files.items() if "/" in path]
    data.push(copy, [md5 for md5 in kept if Store(copy).cached(md5).exists()])
    shutil.rmtree(copy)
    found = replay(elsewhere, [1])
    assert outcome(found) == {1: ALL_EQUAL[1]}


@pytest.mark.integration
def test_a_remote_that_was_not_confirmed_ends_it(finished: Path, tmp_path: Path) -> None:
    elsewhere = clone(finished, tmp_path / "clone")
    data.add_remote(elsewhere, str(tmp_path / "remote"))
    with pytest.raises(UntrustedError, match="is outside the campaign"):
        replay(elsewhere, [1])


@pytest.mark.integration
def test_bytes_that_are_nowhere_are_an_error(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="no DVC remote is set"):
        replay(clone(finished, tmp_path / "clone"))


@pytest.mark.integration
def test_the_json_that_others_rely_on(finished: Path) -> None:
    done = labelloop("-C", finished, "replay", "1", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert set(found) == {"equal", "rounds"}
    (one,) = found["rounds"]
    assert set(one) == {"round", "equal", "stages"}
    for stage in one["stages"]:
        assert set(stage) == {"stage", "recorded", "replayed", "equal"}
        assert stage["recorded"] == stage["replayed"]


@pytest.mark.integration
def test_changed_code_is_named_with_its_stage_and_rows(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As an edit of the source would.
    monkeypatch.setattr(decisions, "_kept_out", lambda *_: "other words")
    monkeypatch.setattr(environment, "code", lambda: "f" * 64)
    found = replay(finished, [1])
    unequal = [stage for stage in found.rounds[0].stages if not stage.equal]
    assert [stage.stage for stage in unequal] == ["score"]
    assert unequal[0].why.startswith("code changed (")
    assert unequal[0].differing
    assert all(
        line.startswith(f"{at.DECISIONS} row ") and line.endswith("→ other words")
        for line in unequal[0].differing
    )
    assert {"why", "differing"} <= unequal[0].to_json().keys()


@pytest.mark.integration
def test_other_sums_are_named(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "_kept_out", lambda *_: "other words")
    there = {**arithmetic.in_force(), "blas": ["openblas 0.3 Nehalem"], "threads": 4}
    monkeypatch.setattr(arithmetic, "in_force", lambda: there)
    (one,) = replay(finished, [1]).rounds
    (why,) = (stage.why for stage in one.stages if not stage.equal)
    assert why.startswith("sums are made otherwise: blas ")
    assert why.endswith("→ openblas 0.3 Nehalem, threads 1 → 4")


@pytest.mark.integration
def test_other_packages_are_named(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "_kept_out", lambda *_: "other words")
    there = {**environment.packages(), "scikit-learn": "0.1"}
    monkeypatch.setattr(environment, "packages", lambda: there)
    (one,) = replay(finished, [1]).rounds
    (unequal,) = [stage for stage in one.stages if not stage.equal]
    assert "packages changed: scikit-learn" in unequal.why
    assert unequal.why.endswith("→ 0.1")


@pytest.mark.integration
def test_changed_data_are_named(copy: Path) -> None:
    entries = LocalLedger(copy / at.LEDGER).entries()
    sealed = next(e for e in entries if e.kind == "snapshot" and e.round == 1).body["files"]
    path = Store(copy).cached(sealed[at.DECISIONS]["md5"])
    path.chmod(0o644)
    path.write_bytes(b"changed")
    (one,) = replay(copy, [1]).rounds
    unequal = {stage.stage: stage for stage in one.stages if not stage.equal}
    # `score` makes the right bytes all the same; `push` cannot be given what it read.
    assert list(unequal) == ["push"]
    assert "data changed" in unequal["push"].why
    assert at.DECISIONS in unequal["push"].why
    assert unequal["push"].replayed == ""


def test_one_unequal_stage_makes_all_unequal() -> None:
    good, bad = StageReplay("score", "a", "a"), StageReplay("push", "a", "b", "why", ("line",))
    one, other = RoundReplay(0, (good,)), RoundReplay(1, (good, bad))
    found = Replay((one, other))
    assert (one.equal, other.equal, found.equal) == (True, False, False)
    assert found.to_json()["rounds"][1]["stages"][1] == {
        "stage": "push",
        "recorded": "a",
        "replayed": "b",
        "equal": False,
        "why": "why",
        "differing": ("line",),
    }
