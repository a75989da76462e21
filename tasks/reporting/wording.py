"""The sentences that say what the numbers mean."""

from collections.abc import Sequence

from tasks.domain.outlook import RoundSummary
from tasks.reporting.data import RoundReport, State
from tasks.reporting.formats import MINUS, count, money, plural, rate


def state(now: State) -> str:
    """Say where the campaign is."""
    return {
        "new": "No round has been opened yet",
        "ready": f"Round {now.round} is closed, the next can start",
        "running": f"Round {now.round} is under way",
        "awaiting_labels": f"Round {now.round} is waiting for its labels",
        "stopped": f"Stopped after round {now.round}",
    }[now.kind]


def learning(rounds: Sequence[RoundReport]) -> str:
    """Say what the labels have brought."""
    measured = [one.summary for one in rounds if one.summary and one.summary.metrics]
    if not measured:
        return "No model has been measured yet: the curves begin with the first round that has one."
    first, last = measured[0], measured[-1]
    if first is last:
        return (
            f"Measured once so far: accuracy {rate(_accuracy(last))} with {_labels(last)}. "
            "The curves begin with the next round."
        )
    whole = (
        f"Accuracy went from {rate(_accuracy(first))} with {_labels(first)} "
        f"to {rate(_accuracy(last))} with {_labels(last)}."
    )
    return f"{whole} {_last_step(measured[-2], last)}"


def foreseen(one: RoundReport) -> str:
    """Say how often the model's first guess became the label; empty without guesses or labels."""
    if not one.labelled or not any(query.guesses for query in one.queries):
        return ""
    return f"first guess right for {count(one.foreseen)} of {count(one.labelled)}"


def _last_step(before: RoundSummary, last: RoundSummary) -> str:
    step = _accuracy(last) - _accuracy(before)
    sign = MINUS if step < 0 else "+"
    within = (
        last.metrics["accuracy"]["low"] <= _accuracy(before) <= last.metrics["accuracy"]["high"]
    )
    return (
        f"The last {plural(last.labels - before.labels, 'label')} cost "
        f"{money(last.spent - before.spent)} and moved it by {sign}{rate(abs(step))}, "
        f"which lies {'within' if within else 'beyond'} its interval."
    )


def _accuracy(summary: RoundSummary) -> float:
    return summary.metrics["accuracy"]["value"]


def _labels(summary: RoundSummary) -> str:
    return plural(summary.labels, "label")
