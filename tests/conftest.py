"""Campaigns that tests may use."""

import shutil
from pathlib import Path

import pytest
from support import SMALL, advance, change_params, in_process, items


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a campaign that nothing has been run in; tests copy it."""
    from tasks.audit import tracking
    from tasks.create import Request, create

    folder = tmp_path_factory.mktemp("template")
    items().to_parquet(folder / "items.parquet", index=False)
    root = folder / "trees"
    create(Request(root, pool=folder / "items.parquet", holdout=40, gold=6))
    change_params(root, SMALL)
    tracking.prepare(root, "sqlite:///mlflow.db")
    return root


@pytest.fixture
def campaign(template: Path, tmp_path: Path) -> Path:
    """Give a fresh campaign of its own."""
    return Path(shutil.copytree(template, tmp_path / "trees", symlinks=True))


@pytest.fixture(scope="session")
def finished(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a campaign whose three rounds are closed; not to be changed."""
    root = Path(shutil.copytree(template, tmp_path_factory.mktemp("finished") / "trees"))
    assert in_process(advance, root) == 0
    return root
