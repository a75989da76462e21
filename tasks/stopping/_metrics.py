"""What rules read of a round's metrics."""

from tasks.domain.outlook import Metrics, RoundSummary

LOWER_IS_BETTER = frozenset({"log_loss", "expected_calibration_error"})
OVER_ALL_CLASSES = ("accuracy", "balanced_accuracy", "macro_f1", *sorted(LOWER_IS_BETTER))
OVER_ONE_CLASS = ("recall/", "precision/")


def refuse_unknown(metric: str) -> None:
    """Refuse a metric that no round can have.

    Raises
    ------
    ValueError
        It is none; the message lists those that there are.
    """
    one_class = any(metric.startswith(kind) and metric != kind for kind in OVER_ONE_CLASS)
    if metric not in OVER_ALL_CLASSES and not one_class:
        there = ", ".join((*OVER_ALL_CLASSES, *(f"{kind}<class>" for kind in OVER_ONE_CLASS)))
        raise ValueError(f"there is no metric {metric!r}; there are {there}")


def measured(summary: RoundSummary, metric: str, part: str = "value") -> float | None:
    """Give a metric's value, or an end of its interval; None if it was not measured."""
    return of(summary.metrics, metric, part)


def of(metrics: Metrics, metric: str, part: str = "value") -> float | None:
    """Give a part of a metric; None if there is no such metric."""
    return metrics.get(metric, {}).get(part)


def missing(metric: str) -> str:
    """Say that the newest round has no such metric."""
    return f"the newest round has no metric {metric!r}"
