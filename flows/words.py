"""What the command line says, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flows.status import Status
from tasks.audit.findings import Acknowledged, Report
from tasks.delivery.aside import line
from tasks.domain import changes as changed

LINES = 10
"""Of what was set aside, that are shown."""

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
        lines += _beside(found.metrics)
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


def _beside(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Say what accuracy is to be compared with."""
    if alone := metrics.get("baseline/accuracy"):
        macro = metrics["macro_f1"]
        yield (
            f"  macro-F1 {macro['value']:.3f} [{macro['low']:.3f}, {macro['high']:.3f}]; always "
            f"answering the largest class has accuracy {alone['value']:.3f}, "
            f"macro-F1 {metrics['baseline/macro_f1']['value']:.3f}"
        )
    if error := metrics.get("label_error"):
        yield (
            f"  about {error['value']:.1%} [{error['low']:.1%}, {error['high']:.1%}] of the "
            f"holdout's own labels are wrong: a model without a mistake would show accuracy "
            f"{metrics['ceiling/accuracy']['value']:.3f}"
        )


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
        many = "1 record is" if facts["set_aside"] == 1 else f"{facts['set_aside']} records are"
        yield f"  {many} set aside and no answer so far:"
        lines = [line(one["place"], one["reason"], one["fix"]) for one in facts["records"]]
        yield from (f"    {said}" for said in few(lines, facts["set_aside"]))


def few(lines: Sequence[str], total: int) -> Iterator[str]:
    """Give the first of several lines, and say how many there are beside them."""
    yield from lines[:LINES]
    if total > LINES:
        yield f"and {total - LINES} more: report.html and `labelloop status --json` have them"


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
