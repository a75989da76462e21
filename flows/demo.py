"""``labelloop demo``: a whole campaign, from nothing to its stop."""

import os
import shutil
import sys
from pathlib import Path

from rich.console import Console

from flows import running
from flows.display import Display
from flows.status import status
from flows.words import standing
from tasks import campaign as at
from tasks.create import Request, create
from tasks.domain.errors import CampaignError

NEXT = """
What to try next ({directory} is the campaign: a git and DVC repository):
  open {directory}/report.html
  {labelloop} -C {directory} why {item}
  {labelloop} -C {directory} audit
  {labelloop} -C {directory} replay --all
  {bin}mlflow ui --backend-store-uri sqlite:///{directory}/mlflow.db      (runs, models, decisions)
  {labelloop} -C {directory} prefect   (flow runs, on Prefect's pages)"""


def demo(directory: Path, console: Console) -> None:
    """Make the digits campaign and run it until a stop rule fires.

    Raises
    ------
    CampaignError
        The directory holds something that is not an earlier demo.
    """
    remote = directory.with_name(f"{directory.name}-remote")
    _clear(directory, remote.resolve())
    console.print(
        f"making the campaign {directory}: 1,797 handwritten digits, five annotators who err"
    )
    create(Request(directory=directory, example="digits", remote=str(remote)))
    running.run(directory, Display(console, directory), rounds=None, wait=True, prefect=True)
    console.print(standing(status(directory)), markup=False, highlight=False)
    console.print(_next(directory), markup=False, highlight=False)


def _clear(directory: Path, remote: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        if not _is_demo(directory, remote):
            fix = "name another directory"
            raise CampaignError("is there already and no demo", where=str(directory), fix=fix)
        shutil.rmtree(directory)
    # The remote stays: what it holds has its content's address, and may be somebody else's.


def _is_demo(directory: Path, remote: Path) -> bool:
    """Tell a demo by its remote, which no campaign gets that a user made."""
    config = directory / ".dvc" / "config"
    if not config.is_file():
        return False
    return f"url = {remote}" in (line.strip() for line in config.read_text().splitlines())


def _next(directory: Path) -> str:
    import pandas as pd

    decisions = pd.read_parquet(directory / at.DECISIONS)
    item = decisions.sort_values("rank")["item_id"].iloc[0]
    venv = os.path.relpath(str(Path(sys.executable).parent))
    return NEXT.format(
        directory=directory, item=item, labelloop=f"{venv}/labelloop", bin=f"{venv}/"
    )
