"""The sentences that say what the numbers mean."""

from collections.abc import Iterator, Sequence

from tasks.domain.outlook import RoundSummary
from tasks.reporting.data import RoundReport, State
from tasks.reporting.formats import MINUS, count, money, percent, plural, rate


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


def beside(last: RoundSummary | None) -> str:
    """Say what the newest accuracy is to be compared with; empty without metrics."""
    metrics = last.metrics if last else {}
    said = []
    if alone := metrics.get("baseline/accuracy"):
        said.append(
            f"Always answering the largest class would have accuracy {rate(alone['value'])} and "
            f"macro-F1 {rate(metrics['baseline/macro_f1']['value'])}."
        )
    if error := metrics.get("label_error"):
        said.append(
            f"About {percent(round(error['value'], 3))} of the holdout\u2019s own labels are wrong "
            f"(between {percent(round(error['low'], 3))} and {percent(round(error['high'], 3))}), "
            "so that a model without a mistake would show accuracy "
            f"{rate(metrics['ceiling/accuracy']['value'])}."
        )
    return " ".join(said)


def revised(rounds: Sequence[RoundReport]) -> str:
    """Say which past figures are others than when their rounds were closed, and why."""
    changed = [one.summary for one in rounds if one.summary and one.summary.is_revised]
    if not changed:
        return ""
    told = [
        f"round {one.round} from {rate(one.measured['accuracy']['value'])} to "
        f"{rate(_accuracy(one))} ({' and '.join(_why(one)) or 'intervals are drawn otherwise'})"
        for one in changed
    ]
    return (
        "Accuracy of past rounds was measured anew by the labels that the holdout has now: "
        f"{'; '.join(told)}."
    )


def _why(one: RoundSummary) -> Iterator[str]:
    if one.labels_changed:
        yield f"{plural(one.labels_changed, 'label')} changed"
    if one.labels_added:
        yield f"{plural(one.labels_added, 'label')} came in"


def foreseen(one: RoundReport) -> str:
    """Say how often the model's first guess became the label; empty without guesses or labels."""
    if not one.labelled or not any(query.guesses for query in one.queries):
        return ""
    return f"first guess right for {count(one.foreseen)} of {count(one.labelled)}"


def _last_step(before: RoundSummary, last: RoundSummary) -> str:
    said = (
        f"The last {plural(last.labels - before.labels, 'label')} cost "
        f"{money(last.spent - before.spent)} and moved it by "
    )
    gained = before.gained.get("accuracy")
    if gained is None:
        return f"{said}{_signed(_accuracy(last) - _accuracy(before))}."
    ends = f"[{_signed(gained['low'])}, {_signed(gained['high'])}]"
    sure = gained["low"] > 0 or gained["high"] < 0
    return (
        f"{said}{_signed(gained['value'])} {ends} over the same items, "
        f"which {'is more than' if sure else 'may be'} chance."
    )


def _signed(step: float) -> str:
    return f"{MINUS if step < 0 else '+'}{rate(abs(step))}"


def _accuracy(summary: RoundSummary) -> float:
    return summary.metrics["accuracy"]["value"]


def _labels(summary: RoundSummary) -> str:
    return plural(summary.labels, "label")
