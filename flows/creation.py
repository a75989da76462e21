"""What ``labelloop init`` says when it has made a campaign."""

from pathlib import Path

from rich.console import Console

from tasks import prospects
from tasks.create import Request
from tasks.create import create as make
from tasks.work import look_at


def _prices(directory: Path) -> list[str]:
    """Say what the first round costs, and warn of a holdout that takes much of the budget."""
    work = look_at(directory)
    now = prospects.situation(prospects.rounds_of(work), work.campaign)
    lines = [f"  price     {prospects.prices(work.params, now, 0)}"]
    if prospects.is_holdout_dear(work.params, now):
        lines.append(f"  warning   holdout: {prospects.holdout(work.params, now)}")
    return lines


def create(request: Request, console: Console) -> None:
    """Make a campaign and say what to do next."""
    made = make(request)
    params = made.params()
    features = params.features.model_dump()
    found = [f"{kind} {', '.join(columns)}" for kind, columns in features.items() if columns]
    lines = [
        f"made the campaign {params.campaign.name} in {request.directory}",
        f"  classes   {', '.join(params.campaign.classes)}",
        f"  features  {'; '.join(found)}",
        f"  holdout   {request.holdout} items, gold {request.gold} items",
        *_prices(request.directory),
        "next:",
        f"  read {request.directory / 'params.yaml'}: batch, budget, vendor, stop rules",
        f"  labelloop -C {request.directory} check",
        f"  labelloop -C {request.directory} run",
    ]
    console.print("\n".join(lines), markup=False, highlight=False)
