"""Seconds a round spent outside training and scoring: labelloop, and a plain script beside it.

Rounds of the two alternate, so that whatever else the machine does meets both.
"""

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from clock import LEARNING
from rich.console import Console
from rich.table import Table

from flows.server import prefect_api

QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
WARM_UP = 2
"""Rounds that are not counted: of labelloop, whose process they warm; of the script, one is enough
for its databases to be there."""
TOTAL = "overhead"
GOAL_SECONDS, GOAL_RATIO = 3.0, 0.25

Seconds = dict[str, float]
Spread = dict[str, float]


def measure(rounds: int, plain_rounds: int) -> tuple[list[Seconds], list[Seconds]]:
    """Run both, round by round in turn; give each round's seconds by component."""
    # Numerical libraries take the number of their threads when they are imported.
    os.environ |= QUIET
    import beside
    import ours

    with _places() as (here, remote):
        campaign, script = here / "campaign", here / "script"
        ours.make(campaign, remote / "campaign")
        beside.make(script, remote / "script", campaign)
        with prefect_api(here / "prefect"):
            for _ in range(WARM_UP):
                ours.close_round(campaign)
            beside.close_round(script, 0)
            measured: tuple[list[Seconds], list[Seconds]] = [], []
            for number in range(max(rounds, plain_rounds)):
                if number < rounds:
                    measured[0].append(ours.close_round(campaign))
                if number < plain_rounds:
                    measured[1].append(beside.close_round(script, number + 1))
            return measured


def summary(labelloop: Sequence[Seconds], plain: Sequence[Seconds]) -> dict[str, Any]:
    """Give medians and extremes of both, and of the ratio of neighbouring rounds."""
    mine, theirs = ([_counted(one) for one in rounds] for rounds in (labelloop, plain))
    pairs = zip(mine, theirs, strict=False)
    return {
        "seconds": {"labelloop": _by_component(mine), "plain": _by_component(theirs)},
        "ratio": spread([one[TOTAL] / other[TOTAL] for one, other in pairs]),
        "goal": {"seconds": GOAL_SECONDS, "ratio": GOAL_RATIO},
        "rounds": {"labelloop": len(mine), "plain": len(theirs)},
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0]},
    }


def spread(values: Sequence[float]) -> Spread:
    """Give median, least and greatest; nothing of nothing."""
    if not values:
        return {}
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _counted(seconds: Seconds) -> Seconds:
    """Leave out what is no overhead, and add up the rest."""
    counted = {name: value for name, value in seconds.items() if name != LEARNING}
    return {**counted, TOTAL: sum(counted.values())}


def _by_component(rounds: Sequence[Seconds]) -> dict[str, Spread]:
    names = dict.fromkeys(name for one in rounds for name in one)
    return {name: spread([one.get(name, 0.0) for one in rounds]) for name in names}


@contextmanager
def _places() -> Iterator[tuple[Path, Path]]:
    with (
        tempfile.TemporaryDirectory(prefix="overhead-") as here,
        tempfile.TemporaryDirectory(prefix="overhead-remote-") as remote,
    ):
        yield Path(here), Path(remote)


def table(found: Mapping[str, Any]) -> Table:
    """Lay a summary out for people."""
    title = "Seconds a round outside training and scoring: median (min to max)"
    shown = Table("component", "labelloop", "plain script", title=title)
    mine, theirs = found["seconds"]["labelloop"], found["seconds"]["plain"]
    names = sorted({*mine, *theirs} - {TOTAL}, key=lambda name: -mine.get(name, _ZERO)["median"])
    for name in names:
        shown.add_row(name, _written(mine.get(name)), _written(theirs.get(name)))
    shown.add_section()
    shown.add_row(TOTAL, _written(mine.get(TOTAL)), _written(theirs.get(TOTAL)))
    shown.add_row("labelloop / plain", _written(found["ratio"]), "")
    return shown


_ZERO = {"median": 0.0}


def _written(of: Spread | None) -> str:
    return f"{of['median']:.2f} ({of['min']:.2f} to {of['max']:.2f})" if of else ""


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of labelloop to measure.")] = 6,
    plain_rounds: Annotated[int, typer.Option(min=0, help="Rounds of the plain script.")] = 6,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure labelloop's overhead a round, beside that of a plain script."""
    found = summary(*measure(rounds, plain_rounds))
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        Console().print(table(found))


if __name__ == "__main__":
    typer.run(main)
