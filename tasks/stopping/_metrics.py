"""What rules read of a round's metrics."""

from tasks.domain.outlook import Metrics, RoundSummary


def measured(summary: RoundSummary, metric: str, part: str = "value") -> float | None:
    """Give a metric's value, or an end of its interval; None if it was not measured."""
    return of(summary.metrics, metric, part)


def of(found: Metrics, metric: str, part: str = "value") -> float | None:
    """Give a part of a metric; None if there is no such metric."""
    return found.get(metric, {}).get(part)


def missing(metric: str) -> str:
    """Say that the newest round has no such metric."""
    return f"the newest round has no metric {metric!r}"
