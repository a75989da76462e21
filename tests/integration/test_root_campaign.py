"""The repository's root is a campaign: what `init` writes for the digits."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks import pipeline
from tasks.campaign import Campaign
from tasks.create import Request, create
from tasks.domain import digests

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SAME = ("params.yaml", "dvc.yaml", "round.json", "holdout.txt", "gold.txt", "suites")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "digits"
    create(Request(root, example="digits"))
    return root


@pytest.mark.parametrize("name", SAME)
def test_the_root_holds_what_init_writes(made: Path, name: str) -> None:
    theirs, ours = made / name, ROOT / name
    names = sorted(path.name for path in theirs.iterdir()) if theirs.is_dir() else [""]
    for one in names:
        assert (ours / one).read_bytes() == (theirs / one).read_bytes()


def test_stages_by_dvc_and_by_the_flow_write_the_same_bytes(made: Path, tmp_path: Path) -> None:
    by_command = Path(shutil.copytree(made, tmp_path / "by_command"))
    by_flow = Campaign(Path(shutil.copytree(made, tmp_path / "by_flow")))
    for name in pipeline.NAMES:
        command = [sys.executable, "-m", "tasks", name]
        subprocess.run(command, cwd=by_command, check=True)
        pipeline.module(name).run(by_flow, by_flow.params())
        for output in pipeline.stage(name, by_flow.params()).outputs:
            ours, theirs = by_flow.path(output), by_command / output
            assert digests.of_file(ours) == digests.of_file(theirs), output


def test_an_unknown_stage_is_a_users_mistake(made: Path) -> None:
    command = [sys.executable, "-m", "tasks", "scor"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m tasks")
