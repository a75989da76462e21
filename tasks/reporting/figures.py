"""The curves: what labels and money have bought."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from tasks.domain.outlook import RoundSummary
from tasks.reporting import svg
from tasks.reporting.data import RoundReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = Sequence[tuple[float, dict[str, float]]]
LARGE, SMALL = (4.9, 2.9), (4.9, 2.1)


def curves(rounds: Sequence[RoundReport]) -> dict[str, Markup]:
    """Draw what there is to draw, by name; a name is absent while there are no numbers for it."""
    drawn = {
        "labels": _quality(rounds, "labels", lambda one: one.labels, "labels bought"),
        "money": _quality(rounds, "money", lambda one: one.spent, "money spent"),
        "log_loss": _log_loss(rounds),
        "agreement": _agreement(rounds),
    }
    return {name: figure for name, figure in drawn.items() if figure}


def _quality(
    rounds: Sequence[RoundReport], name: str, at: Callable[[RoundSummary], float], label: str
) -> Markup | None:
    points = {metric: _points(rounds, metric, at) for metric in ("accuracy", "macro_f1")}
    if not points["accuracy"]:
        return None
    with svg.drawing(name):
        figure, plot = svg.axes(*LARGE)
        _curve(plot, points["macro_f1"], svg.SECOND, "--")
        _curve(plot, points["accuracy"], svg.FIRST, "-")
        _baseline(plot, rounds)
        _bounded(plot)
        plot.set_xlabel(label)
        return svg.inline(figure, f"Accuracy and macro-F1 against {label}")


def _log_loss(rounds: Sequence[RoundReport]) -> Markup | None:
    points = _points(rounds, "log_loss", lambda one: one.labels)
    if not points:
        return None
    with svg.drawing("log_loss"):
        figure, plot = svg.axes(*SMALL)
        _curve(plot, points, svg.FIRST, "-")
        plot.set_ylim(bottom=0)
        plot.set_xlabel("labels bought")
        return svg.inline(figure, "Log-loss against labels bought")


def _agreement(rounds: Sequence[RoundReport]) -> Markup | None:
    alpha = [(one.number, {"value": one.alpha}) for one in rounds if one.alpha is not None]
    gold = [
        (one.number, {"value": one.gold_accuracy})
        for one in rounds
        if one.gold_accuracy is not None
    ]
    if not alpha and not gold:
        return None
    with svg.drawing("agreement"):
        figure, plot = svg.axes(*SMALL)
        _curve(plot, gold, svg.SECOND, "--")
        _curve(plot, alpha, svg.FIRST, "-")
        _bounded(plot)
        plot.set_xticks(sorted({number for number, _ in [*alpha, *gold]}))
        plot.set_xlabel("round")
        return svg.inline(figure, "Krippendorff's alpha and accuracy on gold, by round")


def _points(
    rounds: Iterable[RoundReport], metric: str, at: Callable[[RoundSummary], float]
) -> Points:
    return [
        (at(one.summary), dict(one.summary.metrics[metric]))
        for one in rounds
        if one.summary and metric in one.summary.metrics
    ]


def _curve(plot: "Axes", points: Points, colour: str, line: str) -> None:
    if not points:
        return
    x = [at for at, _ in points]
    y = [metric["value"] for _, metric in points]
    if all("low" in metric for _, metric in points):
        low, high = ([metric[end] for _, metric in points] for end in ("low", "high"))
        if line == "-":
            plot.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        if line != "-" or len(x) == 1:
            plot.vlines(x, low, high, color=colour, alpha=0.7, linewidth=0.9)
    plot.plot(x, y, line, color=colour, linewidth=1.7, marker="o", markersize=3.6)


def _baseline(plot: "Axes", rounds: Sequence[RoundReport]) -> None:
    """Draw what always answering the largest class has, by the newest labels."""
    measured = [one.summary.metrics for one in rounds if one.summary and one.summary.metrics]
    if alone := measured[-1].get("baseline/accuracy"):
        plot.axhline(alone["value"], color=svg.FIRST, linestyle=":", linewidth=1.0)


def _bounded(plot: "Axes") -> None:
    """Leave room about the curves, but none above 1, which nothing can reach beyond."""
    plot.margins(y=0.08)
    plot.set_ylim(top=min(plot.get_ylim()[1], 1.004))
