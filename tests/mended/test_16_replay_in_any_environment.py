"""A round comes out the same whatever the environment says of threads and processors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import change_params

from tasks.create import Request, create
from tasks.domain import arithmetic
from tasks.ledger.local import LocalLedger

FEATURES = Path("/proc/cpuinfo").read_text().split()
ENVIRONMENTS = [
    {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Nehalem", "PYTHONHASHSEED": "7"},
    {"OPENBLAS_NUM_THREADS": "4", "OPENBLAS_CORETYPE": "Zen", "TZ": "Asia/Kathmandu"},
    {"OMP_NUM_THREADS": "2", "GOTO_NUM_THREADS": "2", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"},
    {"NPY_ENABLE_CPU_FEATURES": "X86_V3", "MKL_CBWR": "AUTO", "OPENBLAS_CORETYPE": "Prescott"},
]
DIGITS = {
    "train": {"learner": "logistic_regression", "options": {}},
    "score": {"batch": 60},
    "collect": {"poll_seconds": 0.0},
    "vendor": {"price": 0.0},
    "evaluate": {"resamples": 100},
    "stop": {"max_rounds": {"rounds": 2}},
}


def command(root: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name not in PINNED}
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **environment},
    )


PINNED = {*arithmetic.THREADS, *arithmetic.KERNELS, "MKL_CBWR"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rounds whose models come of matrices that are large enough for kernels to differ."""
    root = tmp_path_factory.mktemp("recorded") / "digits"
    create(Request(root, example="digits", holdout=100, gold=10))
    change_params(root, DIGITS)
    done = command(root, "run", "--wait", "--no-prefect", OPENBLAS_NUM_THREADS="2")
    assert done.returncode == 0, done.stderr
    return root


@pytest.mark.integration
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: "-".join(one.values()))
def test_a_round_replays_equal(recorded: Path, environment: dict[str, str]) -> None:
    done = command(recorded, "replay", "1", **environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout == "round 1: equal\n"


@pytest.mark.integration
def test_the_ledger_says_what_was_in_force(recorded: Path) -> None:
    stages = [e for e in LocalLedger(recorded / "ledger").entries() if e.kind == "stage"]
    (said,) = {json.dumps(entry.body["arithmetic"], sort_keys=True) for entry in stages}
    assert json.loads(said) == arithmetic.in_force()
    assert json.loads(said)["threads"] == 1
