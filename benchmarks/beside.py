"""A round of the plain script, and where its time goes."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

SCRIPTS = Path(__file__).with_name("plain")
IGNORED = "mlflow.db\nmlruns/\ngx/uncommitted/\n__pycache__/\nseconds.json\n/data/*.parquet\n"
TABLES = ("pool", "holdout", "truth")


def make(directory: Path, remote: Path, campaign: Path) -> None:
    """Make a project of the same items, suites and params as a campaign."""
    lay_out(directory, remote, campaign)
    _run(directory, sys.executable, "prepare.py")


def lay_out(directory: Path, remote: Path, campaign: Path) -> None:
    """Make a project's files and repositories."""
    shutil.copytree(SCRIPTS, directory, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(campaign / "suites", directory / "suites")
    shutil.copy2(campaign / "params.yaml", directory)
    (directory / "data").mkdir()
    for table in TABLES:
        shutil.copy2(campaign / "data" / f"{table}.parquet", directory / "data")
    (directory / ".gitignore").write_text(IGNORED)
    _repository(directory, remote)


def close_round(directory: Path, number: int) -> dict[str, float]:
    """Run the script for one round.

    Returns
    -------
    dict
        Seconds by component; together they are the process's wall time.
    """
    began = time.perf_counter()
    _run(directory, sys.executable, "flow.py", str(number))
    wall = time.perf_counter() - began
    seconds: dict[str, float] = json.loads((directory / "seconds.json").read_text())
    return {"Prefect": wall - sum(seconds.values()), **seconds}


def _repository(directory: Path, remote: Path) -> None:
    dvc = (sys.executable, "-m", "dvc")
    _run(directory, "git", "init", "--quiet", "--initial-branch=main")
    for key, value in {"user.name": "plain", "user.email": "plain@localhost"}.items():
        _run(directory, "git", "config", key, value)
    _run(directory, *dvc, "init", "--quiet")
    for key in ("core.analytics", "core.check_update"):
        _run(directory, *dvc, "config", key, "false")
    _run(directory, *dvc, "remote", "add", "--default", "storage", str(remote))


def _run(directory: Path, *words: str) -> None:
    done = subprocess.run(
        words, cwd=directory, env=os.environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
