"""Killed anywhere, a campaign ends as if it had never been."""

import random
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from support import advance, assert_same, in_process

pytestmark = pytest.mark.integration


def test_killed_once_at_every_point_in_turn(
    campaign: Path, finished: Path, tmp_path: Path, record_property: Any
) -> None:
    crashed = tmp_path / "crashed"
    kills = 0
    while code := in_process(advance, campaign, LABELLOOP_CRASH_EACH=str(crashed)):
        assert code == -signal.SIGKILL
        kills += 1
    points = crashed.read_text().splitlines()
    assert kills == len(points) == len(set(points))
    assert_same(campaign, finished)
    for operation in ("ledger:", "vendor:", "rename:", "dvc:", "git:", "mlflow:"):
        for moment in ("before", "after"):
            assert any(operation in point and point.endswith(moment) for point in points)
    record_property("crash points", len(points))
    record_property("fact", f"{len(points)} crash points walked")


@pytest.fixture(scope="module")
def points(template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("points")
    root = Path(shutil.copytree(template, folder / "trees"))
    assert in_process(advance, root, LABELLOOP_CRASH_LOG=str(folder / "log")) == 0
    return (folder / "log").read_text().splitlines()


@pytest.mark.parametrize("draw", range(12))
def test_killed_at_one_point_only(
    campaign: Path, finished: Path, points: list[str], draw: int
) -> None:
    point = random.Random(draw).choice(points)
    assert in_process(advance, campaign, LABELLOOP_CRASH_AT=point) == -signal.SIGKILL
    assert in_process(advance, campaign) == 0
    assert_same(campaign, finished)
