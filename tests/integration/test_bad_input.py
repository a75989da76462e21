"""What users get wrong: exit code 2, one clear line, nothing changed on disk."""

import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import Done, change_params, items, labelloop

from tasks.ledger.local import LocalLedger
from tasks.versions import git

pytestmark = pytest.mark.integration

IGNORED = (".labelloop", ".git")


def tree(root: Path) -> dict[str, bytes]:
    """Read all files beneath a folder, but for locks and git's own."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not set(path.relative_to(root).parts) & set(IGNORED)
    }


def assert_one_clear_line(done: Done, expected: str) -> None:
    assert done.code == 2, done
    assert "Traceback" not in done.out + done.err
    assert len(done.err.strip().splitlines()) == 1, done.err
    assert done.err.startswith("labelloop: ")
    for part in expected.split(" … "):
        assert part in done.err, (part, done.err)


@dataclass(frozen=True)
class Pool:
    """A pool that no campaign can be made of."""

    write: Callable[[Path], Any]
    expected: str
    options: tuple[str, ...] = ()
    name: str = "items.csv"


def csv(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], Any]:
    return lambda path: change(items()).to_csv(path, index=False)


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[[3, 5]]])


def cut(path: Path) -> None:
    items().to_parquet(path)
    path.write_bytes(path.read_bytes()[:-200])


def disagreeing(folder: Path) -> None:
    folder.mkdir()
    items().iloc[:80].to_csv(folder / "a.csv", index=False)
    items().iloc[80:].drop(columns="girth").to_csv(folder / "b.csv", index=False)


POOLS = {
    "missing file": Pool(lambda path: None, "items.csv"),
    "empty file": Pool(lambda path: path.write_text(""), "items.csv"),
    "empty pool": Pool(csv(lambda frame: frame.iloc[:0]), "items.csv"),
    "empty folder": Pool(lambda path: path.mkdir(), "shards", name="shards"),
    "duplicate ids": Pool(csv(twice), "item-0003"),
    "ids that are missing": Pool(
        csv(lambda frame: frame.assign(item_id=[None, *frame["item_id"][1:]])), "item_id"
    ),
    "unknown id column": Pool(csv(lambda frame: frame), "items_id", ("--id", "items_id")),
    "unknown label column": Pool(csv(lambda frame: frame), "lable … label", ("--label", "lable")),
    "one class": Pool(csv(lambda frame: frame.assign(label="ash")), "ash"),
    "no classes": Pool(csv(lambda frame: frame.drop(columns="label")), "--classes"),
    "no features": Pool(csv(lambda frame: frame[["item_id", "label"]]), "feature"),
    "in no encoding": Pool(
        lambda path: path.write_bytes(b"item_id,name,label\n1,caf\x81,a\n"),
        "items.csv … neither UTF-8 nor cp1252 … line 2",
    ),
    "cut parquet": Pool(cut, "items.parquet", name="items.parquet"),
    "broken JSON line": Pool(
        lambda path: path.write_text('{"item_id": "1", "x": 1, "label": "a"}\n{"item_id": \n'),
        "items.jsonl … 2",
        name="items.jsonl",
    ),
    "unknown ending": Pool(csv(lambda frame: frame), "items.ods", name="items.ods"),
    "no workbook": Pool(csv(lambda frame: frame), "items.xlsx … no workbook", name="items.xlsx"),
    "shards that disagree": Pool(disagreeing, "girth", name="shards"),
    "too few items": Pool(csv(lambda frame: frame), "160 items", ("--holdout", "200")),
}


@pytest.mark.parametrize("case", POOLS.values(), ids=POOLS)
def test_a_pool_that_cannot_be_one(tmp_path: Path, case: Pool) -> None:
    pool = tmp_path / case.name
    case.write(pool)
    before = tree(tmp_path)
    sizes = () if "--holdout" in case.options else ("--holdout", "40", "--gold", "6")
    done = labelloop("init", tmp_path / "made", "--pool", pool, *sizes, *case.options)
    assert_one_clear_line(done, case.expected)
    assert tree(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == (
        [case.name] if before or pool.exists() else []
    )


INITS = {
    "neither pool nor example": ((), "--pool"),
    "unknown example": (("--example", "digit"), "digits"),
}


@pytest.mark.parametrize(("options", "expected"), INITS.values(), ids=INITS)
def test_a_request_that_cannot_be_met(
    tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    assert_one_clear_line(labelloop("init", tmp_path / "made", *options), expected)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_occupied(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "thesis.txt").write_text("mine")
    done = labelloop("init", tmp_path / "made", "--example", "digits")
    assert_one_clear_line(done, "not empty")
    assert tree(tmp_path) == {"made/thesis.txt": b"mine"}


PARAMS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown section": ({"scores": {}}, "scores … score"),
    "unknown key": ({"score": {"batches": 3}}, "score.batches … batch"),
    "misspelled strategy": (
        {"score": {"strategies": {"shares": {"margn": 0.9, "uniform": 0.1, "margin": 0.0}}}},
        "margn … did you mean 'margin'?",
    ),
    "misspelled stop rule": ({"stop": {"max_round": {}}}, "max_round … 'max_rounds'"),
    "misspelled learner": ({"train": {"learner": "lightbgm"}}, "lightbgm … 'lightgbm'"),
    "misspelled vendor": ({"vendor": {"name": "simulate"}}, "simulate … 'simulated'"),
    "unknown option": ({"train": {"options": {"C_": 1.0}}}, "C_"),
    "negative budget": ({"campaign": {"budget": -1.0}}, "campaign.budget … -1"),
    "wrong type": ({"score": {"batch": "many"}}, "score.batch … 'many'"),
    "shares that do not add up": (
        {"score": {"strategies": {"shares": {"margin": 0.5, "uniform": 0.1}}}},
        "0.6",
    ),
    "a class twice": ({"campaign": {"classes": ["ash", "ash"]}}, "campaign … twice"),
    "one class left": ({"campaign": {"classes": ["ash"]}}, "campaign.classes"),
    "label as a feature": ({"features": {"numeric": ["height", "label"]}}, "label"),
    "unknown feature column": ({"features": {"numeric": ["hieght"]}}, "hieght"),
    "unknown field to send": ({"vendor": {"send": ["hieght"]}}, "hieght"),
    "labels outside the classes": ({"campaign": {"classes": ["ash", "birch"]}}, "cedar"),
    "budget below a batch": ({"campaign": {"budget": 0.1}}, "0.1"),
    "cold start with a model's strategy": (
        {"score": {"cold_start": {"shares": {"margin": 1.0, "kmeans": 0.0, "uniform": 0.0}}}},
        "margin",
    ),
}


@pytest.mark.parametrize(("changes", "expected"), PARAMS.values(), ids=PARAMS)
def test_params_that_cannot_be(campaign: Path, changes: dict[str, Any], expected: str) -> None:
    change_params(campaign, changes)
    before = tree(campaign)
    done = labelloop("-C", campaign, "run", "--no-prefect")
    assert_one_clear_line(done, expected)
    kinds = {entry.kind for entry in LocalLedger(campaign / "ledger").entries()}
    assert "batch_intended" not in kinds
    kept = {name: content for name, content in tree(campaign).items() if name in before}
    assert kept == before


def test_params_that_are_not_yaml(campaign: Path) -> None:
    (campaign / "params.yaml").write_text("score: [1,")
    git.commit(campaign, "Break", ["params.yaml"])
    before = tree(campaign)
    assert_one_clear_line(labelloop("-C", campaign, "run", "--no-prefect"), "params.yaml")
    assert tree(campaign) == before


def remove(*names: str) -> Callable[[Path], None]:
    def do(root: Path) -> None:
        for name in names:
            path = root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return do


def edit(name: str) -> Callable[[Path], None]:
    def do(root: Path) -> None:
        (root / name).write_text((root / name).read_text() + "\n# a thought\n")

    return do


CAMPAIGNS: dict[str, tuple[Callable[[Path], Any], tuple[str, ...], str]] = {
    "no campaign": (remove("params.yaml"), ("run", "--no-prefect"), "is not a campaign"),
    "no git repository": (remove(".git"), ("run", "--no-prefect"), "is not a git repository"),
    "no DVC repository": (remove(".dvc"), ("run", "--no-prefect"), "is not a DVC repository"),
    "dirty worktree": (edit("params.yaml"), ("run", "--no-prefect"), "params.yaml … commit"),
    "nothing to replay": (lambda root: None, ("replay",), "no closed round"),
    "unknown item": (lambda root: None, ("why", "item-9999x"), "item-9999x"),
    "no cron": (lambda root: None, ("serve", "--cron", "bad"), "--cron … is no plan"),
    "no time zone": (
        lambda root: None,
        ("serve", "--cron", "0 7 * * *", "--timezone", "Mars/X"),
        "--timezone … Mars/X",
    ),
    "source gone": (remove("data/source"), ("run", "--no-prefect"), "data/source"),
}


@pytest.mark.parametrize(("spoil", "command", "expected"), CAMPAIGNS.values(), ids=CAMPAIGNS)
def test_a_campaign_that_cannot_run(
    campaign: Path, spoil: Callable[[Path], Any], command: tuple[str, ...], expected: str
) -> None:
    spoil(campaign)
    before = tree(campaign)
    assert_one_clear_line(labelloop("-C", campaign, *command), expected)
    kept = {name: content for name, content in tree(campaign).items() if name in before}
    assert kept == before


def test_a_round_that_was_never_closed(finished: Path) -> None:
    before = tree(finished)
    assert_one_clear_line(labelloop("-C", finished, "replay", "9"), "round 9")
    assert tree(finished) == before


def test_missing_dvc_cache(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "trees"))
    shutil.rmtree(root / ".dvc" / "cache")
    before = tree(root)
    assert_one_clear_line(labelloop("-C", root, "replay", "1"), "DVC's cache … dvc pull")
    assert tree(root) == before


def test_a_full_disk(campaign: Path) -> None:
    before = tree(campaign)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A limit on the size of files fails the same write calls as a disk that has no room left.
    resource.setrlimit(resource.RLIMIT_FSIZE, (2500, limits[1]))
    try:
        done = labelloop("-C", campaign, "run", "--no-prefect")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_one_clear_line(done, "free some room")
    kept = {name: content for name, content in tree(campaign).items() if name in before}
    assert kept == before
    assert labelloop("-C", campaign, "run", "--no-prefect", "--rounds", "1", "--wait").code == 0
