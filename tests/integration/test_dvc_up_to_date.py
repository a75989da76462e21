"""What a round leaves is what DVC itself would have left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import labelloop

from tasks import pipeline
from tasks.versions import git

pytestmark = pytest.mark.integration


def dvc(root: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def closed(campaign: Path) -> Path:
    done = labelloop("-C", campaign, "run", "--no-prefect", "--rounds", "1", "--wait")
    assert done.code == 0, done.err
    return campaign


def test_to_dvc_a_closed_round_is_up_to_date(closed: Path) -> None:
    locked = yaml.safe_load((closed / "dvc.lock").read_text())["stages"]
    assert sorted(locked) == sorted(pipeline.NAMES)
    assert json.loads(dvc(closed, "status", "--json")) == {}
    said = dvc(closed, "repro")
    assert said.count("didn't change, skipping") == len(pipeline.NAMES) + len(["data/source.dvc"])
    assert "Running stage" not in said
    assert git.changed(closed) == []


def test_dvc_sees_what_changed_after_a_round(closed: Path) -> None:
    (closed / "snapshot" / "labels.parquet").write_bytes(b"other")
    assert set(json.loads(dvc(closed, "status", "--json"))) == {"review", "evaluate", "stop"}
