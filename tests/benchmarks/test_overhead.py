"""The pieces of benchmarks/overhead.py, with rounds that are small."""

import importlib
import json
import os
import runpy
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import in_process

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


def load(name: str) -> Any:
    return importlib.import_module(name)


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_a_clock_books_every_moment_on_the_innermost_component() -> None:
    moments = iter([0.0, 1.0, 3.0, 7.0, 15.0, 31.0])
    clock = load("clock").Clock(lambda: next(moments))
    with clock.on("outer"):
        with clock.on("inner"):
            pass
        with clock.on("inner"):
            pass
    assert clock.seconds == {"outer": 1 + 4 + 16, "inner": 2 + 8}


def test_a_clock_goes_around_functions_for_as_long_as_asked() -> None:
    class Owner:
        @staticmethod
        def work() -> str:
            time.sleep(0.01)
            return "done"

    clock, before = load("clock").Clock(), Owner.work
    with clock.around("work", Owner, "work"):
        assert Owner.work() == "done"
    assert Owner.work is before
    assert clock.seconds["work"] >= 0.01


def test_a_summary_leaves_out_learning_and_compares_neighbours() -> None:
    overhead = load("overhead")
    mine = [{"own": 1.0, "training and scoring": 9.0}, {"own": 2.0}]
    theirs = [{"DVC": 3.0, "Prefect": 1.0}, {"DVC": 4.0}]
    found = overhead.summary(mine, theirs)
    assert found["ratio"] == {"median": 0.375, "min": 0.25, "max": 0.5}
    assert found["seconds"]["plain"]["Prefect"] == {"median": 0.5, "min": 0.0, "max": 1.0}
    assert "training and scoring" not in found["seconds"]["labelloop"]
    assert json.loads(json.dumps(found)) == found
    assert overhead.table(found).row_count == 5


@pytest.mark.integration
def test_all_that_a_round_spends_is_on_some_component(campaign: Path, tmp_path: Path) -> None:
    assert in_process(_a_round, campaign, tmp_path / "seconds.json") == 0
    seconds = json.loads((tmp_path / "seconds.json").read_text())
    parts = {component for component, _, _ in load("ours").PARTS}
    assert set(seconds) == {*parts, "own", "flow"}
    assert all(spent > 0 for spent in seconds.values())


def _a_round(campaign: Path, into: Path) -> None:
    from flows.calls import plainly
    from flows.loop import advance

    moments: list[float] = []

    def now() -> float:
        moments.append(time.perf_counter())
        return moments[-1]

    clock, ours = load("clock").Clock(now), load("ours")
    with ours.measured(clock), clock.on("flow"):
        advance(plainly(), campaign, 1, wait=True)
    assert sum(clock.seconds.values()) == pytest.approx(moments[-1] - moments[0])
    into.write_text(json.dumps(clock.seconds))


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Give what the plain script takes from a digits campaign, of 200 items."""
    from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    ids = [f"digit-{number}" for number in range(200)]
    items = pd.DataFrame({"item_id": ids, "pixels": list(images[:200])})
    labels = [str(name) for name in classes[:200]]
    folder = tmp_path / "digits"
    (folder / "data").mkdir(parents=True)
    items[:140].to_parquet(folder / "data/pool.parquet")
    items[140:].assign(label=labels[140:]).to_parquet(folder / "data/holdout.parquet")
    truth = pd.DataFrame({"item_id": ids, "label": labels})
    truth.to_parquet(folder / "data/truth.parquet")
    shutil.copytree(ROOT / "suites", folder / "suites")
    shutil.copy2(ROOT / "params.yaml", folder)
    return folder


@pytest.mark.integration
def test_the_plain_script_does_a_round(digits: Path, template: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    assert in_process(_prepare, project, tmp_path / "remote", digits, template) == 0
    for script, *arguments in (("learn", "0"), ("flow",), ("validate",), ("track", "0")):
        assert in_process(_script, project, script, arguments) == 0, script
    seconds = json.loads((project / "seconds.json").read_text())
    assert set(seconds) == {"own", "DVC", "git"}
    assert len(pd.read_parquet(project / "data/labels.parquet")) == 40
    tags = subprocess.run(["git", "tag"], cwd=project, capture_output=True, text=True, check=True)
    assert tags.stdout.split() == ["round-0"]
    assert any(path.is_file() for path in (tmp_path / "remote").rglob("*"))


def _prepare(project: Path, remote: Path, digits: Path, template: Path) -> None:
    load("beside").lay_out(project, remote, digits)
    # Making MLflow's database takes seconds; the template has one.
    shutil.copy2(template / "mlflow.db", project)
    _script(project, "prepare", [])


def _script(project: Path, name: str, arguments: list[str]) -> None:
    """Run a script, or a flow's own steps, in a process that has the libraries already."""
    # The script is written as people write them, whatever the libraries warn of.
    warnings.simplefilter("ignore")
    os.chdir(project)
    sys.path.insert(0, str(project))
    sys.argv = [name, *arguments]
    if name == "flow":
        _steps(load("flow"))
    else:
        runpy.run_path(f"{name}.py", run_name="__main__")


def _steps(flow: Any) -> None:
    flow.review.fn()
    flow.version.fn(0)
    Path("seconds.json").write_text(json.dumps(flow.SECONDS))
