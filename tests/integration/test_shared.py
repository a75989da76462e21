"""A campaign in remotes: any machine carries it on from an empty disk, and dies when it likes."""

import contextlib
import random
import shutil
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pandas as pd
import pytest
from halting import Halt
from support import (
    FORK,
    OUTCOME,
    SMALL,
    advance,
    change_params,
    facts,
    in_process,
    items,
    merge,
    trust,
)

from flows.status import status
from tasks import campaign as at
from tasks.audit.verify import audit
from tasks.create import Request, create
from tasks.domain import digests, state, tables
from tasks.domain.errors import CampaignError, ParamsError
from tasks.versions import git
from tasks.work import look_at

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def undisturbed(warm: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Give a finished campaign of one machine, and all points at which it could have died."""
    folder = tmp_path_factory.mktemp("undisturbed")
    root, log = make(folder), folder / "points"
    assert in_process(advance, root, LABELLOOP_CRASH_LOG=str(log)) == 0
    return root, log.read_text().splitlines()


def make(folder: Path, **request: str) -> Path:
    """Make a campaign whose vendor and MLflow do not depend on the directory."""
    from tasks.audit import mlflow_client

    items().to_parquet(folder / "items.parquet", index=False)
    root = folder / "trees"
    create(Request(root, pool=folder / "items.parquet", holdout=40, gold=6, **request))
    store, uri = folder / "vendor.sqlite", f"sqlite:///{folder / 'mlflow.db'}"
    options = {"store": str(store), "hours_per_look": 4.0}
    elsewhere = {"vendor": {"options": options}, "tracking": {"uri": uri}}
    change_params(root, merge(dict(SMALL), elsewhere))
    mlflow_client.prepare(root, uri)
    return root


@pytest.fixture
def shared(warm: None, s3_bucket: str, tmp_path: Path) -> Path:
    """Give the git remote of a campaign whose ledger and data are in a bucket."""
    bare = tmp_path / "campaign.git"
    git.run(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    root = make(tmp_path, remote=f"s3://{s3_bucket}/trees", git_remote=str(bare))
    git.run(root, "push", "--quiet")
    return bare


def clone(bare: Path, name: str) -> Path:
    """Give a machine with an empty disk the campaign."""
    root = bare.parent / name
    shutil.rmtree(root, ignore_errors=True)
    git.run(bare, "clone", "--quiet", str(bare), str(root))
    trust(root)
    return root


def look(root: Path) -> None:
    """Do what can be done without waiting."""
    advance(root, wait=False)


def is_over(root: Path) -> bool:
    return state.stop(look_at(root).ledger.entries()) is not None


def assert_same(root: Path, undisturbed: Path, *, at_once: bool = False) -> None:
    """Compare bytes; the simulated vendor's clock goes on when two machines look at once."""
    names = [name for name in OUTCOME if not (at_once and name == at.ANSWERS)]
    ours = {name: digests.of_file(root / name, fresh=True).sha256 for name in names}
    theirs = {name: digests.of_file(undisturbed / name, fresh=True).sha256 for name in names}
    assert ours == theirs
    answers = [
        tables.read(one / at.ANSWERS).drop(columns="answered_at") for one in (root, undisturbed)
    ]
    pd.testing.assert_frame_equal(*answers)
    assert git.tags(root) == git.tags(undisturbed)
    kinds = [kind for _, kind, _ in facts(root)]
    for kind in ("batch_intended", "batch_made", "batch_sent", "collected", "settled"):
        assert kinds.count(kind) == 3, kind
    assert kinds.count("tasks_received") == 3


@pytest.mark.long
def test_three_empty_disks_in_turn_one_of_them_killed_end_as_one_machine_would(
    shared: Path,
    undisturbed: tuple[Path, list[str]],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    expected, points = undisturbed
    crashed, kills, turns = tmp_path / "crashed", 0, 0
    # It dies at each point that is not in the file, once: at one in ten, by chance.
    chance = random.Random(5)
    crashed.write_text("".join(f"{point}\n" for point in points if chance.random() > 0.1))
    while True:
        for name in ("first", "second", "third"):
            root, turns = clone(shared, name), turns + 1
            dies = {"LABELLOOP_CRASH_EACH": str(crashed)} if name == "second" and kills < 8 else {}
            code = in_process(look, root, **dies)
            assert code in (0, -signal.SIGKILL)
            kills += code != 0
        if is_over(root):
            break
        assert turns < 150
    record_property("fact", f"{turns} turns on empty disks, {kills} of them killed")
    assert kills >= 3
    last = clone(shared, "last")
    assert status(last).to_json()["labels"] == status(expected).to_json()["labels"] > 0
    assert in_process(look, last) == 0
    git.run(last, "pull", "--quiet")
    bring(last)
    assert_same(last, expected)
    report = audit(last)
    assert report.problems == ()


def bring(root: Path) -> None:
    """Lay out what the last round left."""
    from tasks import pipeline
    from tasks.work import opened

    with opened(root) as work:
        work.keeping.need(pipeline.outputs(work.params))


def assert_ended_as_one(shared: Path, expected: Path, roots: list[Path]) -> None:
    last = clone(shared, "last")
    bring(last)
    assert_same(last, expected, at_once=True)
    assert [audit(root).problems for root in (last, *roots)] == [(), (), ()]


@pytest.mark.long
def test_two_machines_at_once_end_as_one_did(
    shared: Path, undisturbed: tuple[Path, list[str]]
) -> None:
    expected, _ = undisturbed
    roots = [clone(shared, name) for name in ("one", "other")]
    while not is_over(roots[0]):
        racers = [FORK.Process(target=look, args=(root,)) for root in roots]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert [racer.exitcode for racer in racers] == [0, 0]
    assert_ended_as_one(shared, expected, roots)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_wherever_one_machine_halts_and_another_goes_on_they_end_as_one(
    shared: Path,
    undisturbed: tuple[Path, list[str]],
    seed: int,
    record_property: Callable[[str, object], None],
) -> None:
    expected, _ = undisturbed
    roots, chance, halts = [clone(shared, name) for name in ("one", "other")], seed, 0
    while not is_over(roots[0]):
        halts, chance = halts + look_and_halt(*roots, chance), chance + 1000
        assert in_process(look, roots[0]) == 0
        roots.reverse()
    record_property("fact", f"{halts} times one machine halted and another went on")
    assert halts >= 5
    assert_ended_as_one(shared, expected, roots)


def look_and_halt(root: Path, other: Path, seed: int) -> int:
    """Look; at points drawn by chance, halt until another machine has looked; count the halts."""
    ours, theirs = FORK.Pipe()
    looker = FORK.Process(target=halting, args=(root, theirs, random.Random(seed)))
    looker.start()
    theirs.close()
    halts = 0
    with ours, contextlib.suppress(EOFError):
        while ours.recv():
            assert in_process(look, other) == 0
            ours.send("go on")
            halts += 1
    looker.join()
    assert looker.exitcode == 0
    return halts


def halting(root: Path, parent: Connection, chance: random.Random) -> None:
    def then() -> None:
        parent.send("halted")
        parent.recv()

    Halt(lambda _: chance.random() < 0.15, then).install(pytest.MonkeyPatch())
    look(root)


def test_remotes_that_are_taken_are_refused_and_nothing_is_written(
    shared: Path, s3_bucket: str, tmp_path: Path
) -> None:
    asked = Request(tmp_path / "again", pool=tmp_path / "items.parquet", holdout=40, gold=6)
    with pytest.raises(ParamsError, match=r"--git: needs a bucket"):
        create(Request(**{**vars(asked), "git_remote": str(shared)}))
    url = f"s3://{s3_bucket}/other"
    with pytest.raises(CampaignError, match="has commits already"):
        create(Request(**{**vars(asked), "git_remote": str(shared), "remote": url}))
    empty = tmp_path / "empty.git"
    git.run(tmp_path, "init", "--quiet", "--bare", str(empty))
    nowhere = "s3://not-there/trees"
    with pytest.raises(CampaignError, match=r"not-there"):
        create(Request(**{**vars(asked), "git_remote": str(empty), "remote": nowhere}))
    assert not (tmp_path / "again").exists()


def test_what_a_person_decides_elsewhere_is_brought_and_what_is_not_committed_stops_it(
    shared: Path,
) -> None:
    here, there = clone(shared, "here"), clone(shared, "there")
    change_params(there, {"score": {"batch": 5}})
    git.run(there, "push", "--quiet")
    look(here)
    assert look_at(here).params.score.batch == 5
    (here / "params.yaml").write_text((here / "params.yaml").read_text() + "# a thought\n")
    with pytest.raises(CampaignError, match=r"params\.yaml: has changes that are not committed"):
        look(here)
