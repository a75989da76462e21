"""A stranger's folder is nothing that libraries take settings or modules from."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prefect_server import prepared
from security import stranger as hostile

from flows import home
from tasks import campaign as at
from tasks.versions import git

pytestmark = pytest.mark.integration
LABELLOOP = str(Path(sys.executable).with_name("labelloop"))


@pytest.fixture
def stranger(campaign: Path, tmp_path: Path) -> hostile.Stranger:
    shutil.rmtree(campaign / at.PRIVATE)
    (tmp_path / "marks").mkdir()
    made = hostile.Stranger(campaign, tmp_path / "marks", tmp_path, pid=0, port=0)
    hostile.arm(made, ["folder"])
    git.run(campaign, "add", "--all")
    git.run(campaign, "commit", "--quiet", "--message", "Settings")
    return made


def labelloop(stranger: hostile.Stranger, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the stranger's folder, as somebody would who has just cloned it."""
    return subprocess.run(
        [LABELLOOP, *words], cwd=stranger.root, capture_output=True, text=True, check=False
    )


def test_a_run_reads_no_settings_of_prefects_from_it(stranger: hostile.Stranger) -> None:
    prepared(home.of(stranger.root))
    done = labelloop(stranger, "run", "--wait", "--rounds", "1")
    assert sorted(path.name for path in stranger.marks.iterdir()) == []
    assert (done.returncode, done.stderr) == (0, "")
    assert (stranger.root / at.LABELS).exists()


def test_what_the_user_named_from_there_is_written_there(stranger: hostile.Stranger) -> None:
    assert labelloop(stranger, "run", "--no-prefect", "--wait", "--rounds", "1").returncode == 0
    done = labelloop(stranger, "export", "labels", "--to", "exports/labels.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert (stranger.root / "exports/labels.csv").read_text().startswith("item_id,")
