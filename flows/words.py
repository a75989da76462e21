"""What the command line says, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flows.status import Status
from tasks.audit.findings import Report
from tasks.domain import changes as changed

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
    if found.waiting:
        lines += _waiting(found.waiting)
    if accuracy := found.metrics.get("accuracy"):
        interval = f"[{accuracy['low']:.3f}, {accuracy['high']:.3f}]"
        lines.append(f"  accuracy {accuracy['value']:.3f} {interval} on the holdout")
    for undone in found.undone:
        lines.append(f"  round {undone['round']} is undone: {undone['reason']}")
    if found.stop:
        lines.append(f"  stop rule {found.stop['rule']}: {found.stop['reason']}")
        if found.stop["go_on"]:
            lines.append(f"  to go on: {found.stop['go_on']}, commit, and run")
    elif found.state == "ready":
        if found.reopened:
            lines.append(f"  {reopened(found.reopened)}")
        lines.append(f"  next: {found.stage}")
    return "\n".join(lines)


def reopened(changes: Sequence[Mapping[str, Any]]) -> str:
    """Say by which changes a campaign that had stopped goes on."""
    return f"no stop rule fires any more: {changed.told(changes)}"


def _waiting(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts["expected"]:
        gone = f", {facts['gone']} will never come" if facts["gone"] else ""
        answers = f"{facts['answered']} of {facts['expected']} answers are in{gone}"
        yield f"  {answers} (vendor {facts['vendor']})"
    if facts["set_aside"]:
        many = "1 record was" if facts["set_aside"] == 1 else f"{facts['set_aside']} records were"
        yield f"  {many} set aside: {facts['reason']}"


def verdict(found: Report) -> str:
    """Say what an audit found, the nearest to the cause first."""
    lines = [f"unchecked: {what}" for what in found.unchecked]
    if found.ok:
        return "\n".join([*lines, f"all is well: {found.entries} entries, head {found.head}"])
    lines += [f"{one.kind}: {one.where}: {one.what}" for one in found.problems]
    count = len(found.problems)
    return "\n".join([*lines, f"{count} {'problem' if count == 1 else 'problems'}"])
