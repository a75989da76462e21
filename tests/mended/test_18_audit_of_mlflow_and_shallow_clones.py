"""The audit looks at MLflow's registry, misses what the ledger lacks, and knows a shallow clone."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support import advance, in_process

from tasks import campaign as at
from tasks.audit import mlflow_client
from tasks.audit.verify import audit
from tasks.versions import git

pytestmark = pytest.mark.integration

URI = "sqlite:///mlflow.db"
MODEL = "registered model of round 1"


@pytest.fixture(scope="module")
def own(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a finished campaign of this file's own, with a copy of it beside."""
    folder = tmp_path_factory.mktemp("registry")
    root = Path(shutil.copytree(template, folder / "trees"))
    assert in_process(advance, root, 3) == 0
    shutil.copytree(root, folder / "untouched", symlinks=True)
    return root


@pytest.fixture
def copy(own: Path) -> Path:
    """Give it untouched, in its place: MLflow keeps the absolute addresses of its files."""
    untouched, database = own.parent / "untouched", own / "mlflow.db"
    for path in own.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != database:
            path.unlink()
    keep = shutil.ignore_patterns(database.name)
    shutil.copytree(untouched, own, symlinks=True, ignore=keep, dirs_exist_ok=True)
    # MLflow keeps the database open: its content is put back, not the file.
    with (
        closing(sqlite3.connect(untouched / database.name)) as source,
        closing(sqlite3.connect(database)) as target,
    ):
        source.backup(target)
    return own


def version(client: Any, number: int) -> Any:
    (found,) = [
        one
        for one in client.search_model_versions("name = 'trees'")
        if one.tags["labelloop.round"] == str(number)
    ]
    return found


def folder(root: Path, client: Any, number: int) -> Path:
    """Find the files of a round's registered model."""
    uri = client.get_model_version_download_uri("trees", version(client, number).version)
    path = Path(uri.removeprefix("file://"))
    assert root.resolve() in path.resolve().parents
    return path


def exchange_bytes(root: Path, client: Any) -> None:
    (folder(root, client, 1) / "model.skops").write_bytes(
        (folder(root, client, 0) / "model.skops").read_bytes()
    )


def load_another_file(root: Path, client: Any) -> None:
    described = folder(root, client, 1) / "MLmodel"
    described.write_text(described.read_text().replace("model.skops", "model.pkl"))


def add_code(root: Path, client: Any) -> None:
    (folder(root, client, 1) / "code.py").write_text("print('mine')\n")


def remove_version(root: Path, client: Any) -> None:
    client.delete_model_version("trees", version(client, 1).version)


TAMPERED: dict[str, tuple[Callable[[Path, Any], None], str]] = {
    "other bytes": (exchange_bytes, MODEL),
    "another file to load": (load_another_file, MODEL),
    "code beside the model": (add_code, MODEL),
    "a version that is gone": (remove_version, MODEL),
    "a round's alias": (
        lambda _, client: client.set_registered_model_alias(
            "trees", "round-0001", version(client, 0).version
        ),
        "alias round-0001 of the registered model",
    ),
    "no champion": (
        lambda _, client: client.delete_registered_model_alias("trees", "champion"),
        "alias champion of the registered model",
    ),
}


@pytest.mark.parametrize(("tamper", "where"), TAMPERED.values(), ids=TAMPERED)
def test_a_registered_model_that_is_not_the_rounds_own(
    copy: Path, tamper: Callable[[Path, Any], None], where: str
) -> None:
    assert audit(copy).problems == ()
    with mlflow_client.client(copy, URI) as client:
        tamper(copy, client)
    assert where in [problem.where for problem in audit(copy).problems]


def test_a_champion_that_was_exchanged(copy: Path) -> None:
    with mlflow_client.client(copy, URI) as client:
        best = str(client.get_registered_model("trees").aliases["champion"])
        other = next(str(n) for n in (1, 2, 3) if str(n) != best)
        client.set_registered_model_alias("trees", "champion", other)
    (problem,) = audit(copy).problems
    assert problem.where == "alias champion of the registered model"
    assert problem.what == f"names version {other}; by the ledger it is version {best}"


def test_the_end_of_the_ledger_that_was_taken_away(copy: Path) -> None:
    git.run(copy, "reset", "--quiet", "--hard", "HEAD~1")
    (problem,) = audit(copy).problems
    assert problem.where == "MLflow run of round 2"
    assert "does not say that it was logged" in problem.what


def test_a_round_that_was_taken_away_with_its_tag(copy: Path) -> None:
    git.run(copy, "reset", "--quiet", "--hard", "round-0001")
    git.run(copy, "tag", "--delete", "round-0002")
    report = audit(copy)
    assert "MLflow run trees/0002" in [problem.where for problem in report.problems]


def test_a_shallow_clone_is_told_as_one(finished: Path, tmp_path: Path) -> None:
    git.run(tmp_path, "clone", "--quiet", "--depth", "1", finished.as_uri(), "clone")
    clone = tmp_path / "clone"
    empty = audit(clone)
    assert empty.problems == ()
    assert any("cannot be read here" in one for one in empty.unchecked)
    shutil.copytree(finished / ".dvc" / "cache", clone / ".dvc" / "cache")
    report = audit(clone)
    assert report.problems == ()
    assert any(one.startswith("this clone is shallow") for one in report.unchecked)
    assert not any("not yet tagged" in one for one in report.unchecked)
    git.run(clone, "fetch", "--quiet", "--unshallow", "--tags")
    assert not any("shallow" in one for one in audit(clone).unchecked)


def test_what_is_forged_in_a_shallow_clone_is_still_named(finished: Path, tmp_path: Path) -> None:
    git.run(tmp_path, "clone", "--quiet", "--depth", "1", finished.as_uri(), "clone")
    path = tmp_path / "clone" / at.LEDGER / "00000003.json"
    path.write_bytes(path.read_bytes()[:-2] + b" }")
    assert audit(tmp_path / "clone").problems[0].where == f"{at.LEDGER}/00000003.json"
