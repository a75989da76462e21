"""What the command line says, in words."""

from flows.status import Status

STATES = {
    "ready": "ready to run",
    "awaiting_labels": "AwaitingLabels: people are labeling",
    "stopped": "stopped",
}


def standing(found: Status) -> str:
    """Say where a campaign stands."""
    budget = f" of {found.budget:.2f}" if found.budget is not None else ""
    lines = [
        f"{found.campaign}, round {found.round}: {STATES[found.state]}",
        f"  labels {found.labels}, spent {found.spent:.2f}{budget}",
    ]
    if accuracy := found.metrics.get("accuracy"):
        interval = f"[{accuracy['low']:.3f}, {accuracy['high']:.3f}]"
        lines.append(f"  accuracy {accuracy['value']:.3f} {interval} on the holdout")
    if found.stop:
        lines.append(f"  stop rule {found.stop['rule']}: {found.stop['reason']}")
    elif found.state == "ready":
        lines.append(f"  next: {found.stage}")
    return "\n".join(lines)
