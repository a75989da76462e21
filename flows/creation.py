"""What ``labelloop init`` says when it has made a campaign."""

from pathlib import Path

from rich.console import Console

from tasks import prospects
from tasks.create import Planned, Request, make, think_out
from tasks.work import look_at


def create(request: Request, console: Console) -> None:
    """Make a campaign and say what to do next."""
    planned = think_out(request)
    params = make(request, planned).params()
    features = params.features.model_dump()
    found = [f"{kind} {', '.join(columns)}" for kind, columns in features.items() if columns]
    lines = [
        f"made the campaign {params.campaign.name} in {request.directory}",
        f"  classes   {', '.join(params.campaign.classes)}",
        f"  features  {'; '.join(found)}",
        f"  holdout   {request.holdout} items, gold {request.gold} items",
        *_prices(request.directory),
        f"  target    {planned.plan.metric}: {planned.plan.balance}",
        *_remarks(planned),
        "next:",
        f"  read {request.directory / 'params.yaml'}: batch, budget, vendor, stop rules",
        f"  labelloop -C {request.directory} check",
        f"  labelloop -C {request.directory} run",
    ]
    console.print("\n".join(lines), markup=False, highlight=False)


def _remarks(planned: Planned) -> list[str]:
    """Say what was guessed or left out, and how to have it otherwise."""
    columns = planned.plan.columns
    lines = [f"  note      {remark}" for remark in planned.remarks]
    if columns.id is None:
        lines.append("  ids       digests of the items' contents, as no column names them (--id)")
    lines += [f"  left out  {name}: {why}" for name, why in columns.leaks.items()]
    if columns.leaks:
        names = ", ".join(columns.leaks)
        lines.append(
            f"            to use {names} all the same, if known before anybody is asked: add to "
            "pool.confirmed, features and vendor.send"
        )
    return lines


def _prices(directory: Path) -> list[str]:
    """Say what the first round costs, and warn of a holdout that takes much of the budget."""
    work = look_at(directory)
    now = prospects.situation(prospects.rounds_of(work), work.campaign)
    lines = [f"  price     {prospects.prices(work.params, now, 0)}"]
    if prospects.is_holdout_dear(work.params, now):
        lines.append(f"  warning   holdout: {prospects.holdout(work.params, now)}")
    return lines
