"""What ``labelloop init`` says when it has made a campaign."""

from rich.console import Console

from tasks.create import Request
from tasks.create import create as make


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
        "next:",
        f"  read {request.directory / 'params.yaml'}: batch, budget, vendor, stop rules",
        f"  labelloop -C {request.directory} check",
        f"  labelloop -C {request.directory} run",
    ]
    console.print("\n".join(lines), markup=False, highlight=False)
