"""What the command line says, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from flows.status import Status
from tasks.audit.findings import Acknowledged, Report

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
    if found.stop:
        lines.append(f"  stop rule {found.stop['rule']}: {found.stop['reason']}")
    elif found.state == "ready":
        lines.append(f"  next: {found.stage}")
    return "\n".join(lines)


def _waiting(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts["expected"]:
        gone = f", {facts['gone']} will never come" if facts["gone"] else ""
        answers = f"{facts['answered']} of {facts['expected']} answers are in{gone}"
        yield f"  {answers} (vendor {facts['vendor']})"
    if facts["deleted"]:
        yield (
            f"  {facts['deleted']}: `labelloop resend` asks anew for what is missing, "
            "`labelloop take` goes on with what was fetched"
        )
    if facts["set_aside"]:
        many = "1 record was" if facts["set_aside"] == 1 else f"{facts['set_aside']} records were"
        yield f"  {many} set aside: {facts['reason']}"


def recovered(facts: Mapping[str, Any]) -> str:
    """Say what was decided about a batch that was deleted at its vendor."""
    count = facts["missing"]
    what = f"batch {facts['batch']}: {count} {'answer is' if count == 1 else 'answers are'} missing"
    if facts["resend"]:
        return f"{what}; `labelloop run` asks the vendor {facts['vendor']} for them again"
    freed = f"; {facts['released']:.2f} that was reserved for them is free" if count else ""
    return f"{what} and no longer waited for{freed}; `labelloop run` goes on"


def verdict(found: Report) -> str:
    """Say what an audit found, the nearest to the cause first."""
    lines = [f"unchecked: {what}" for what in found.unchecked]
    lines += [_acknowledged(one) for one in found.acknowledged]
    if found.ok:
        return "\n".join([*lines, f"all is well: {found.entries} entries, head {found.head}"])
    lines += [f"{one.id}  {one.kind}: {one.where}: {one.what}" for one in found.problems]
    count = len(found.problems)
    lines.append(f"{count} {'problem' if count == 1 else 'problems'}")
    if any(one.outside for one in found.problems):
        lines.append(
            "what was done outside may stand: `labelloop acknowledge ID --reason ...` "
            f"({', '.join(one.id for one in found.problems if one.outside)})"
        )
    return "\n".join(lines)


def _acknowledged(one: Acknowledged) -> str:
    problem = one.problem
    said = f"{problem.kind}: {problem.where}: {problem.what}"
    return f"acknowledged on {one.at[:10]} ({one.reason}): {problem.id}  {said}"


def let_stand(facts: Mapping[str, Any]) -> str:
    """Say which problems may stand from now on."""
    lines = [f"acknowledged: {one['id']}  {one['where']}" for one in facts["acknowledged"]]
    return "\n".join(lines or ["they were acknowledged before"])
