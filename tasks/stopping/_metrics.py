"""What rules read of a round's metrics."""

from tasks.domain.outlook import RoundSummary

LOWER_IS_BETTER = frozenset({"log_loss", "expected_calibration_error"})


def measured(summary: RoundSummary, metric: str, part: str = "value") -> float | None:
    """Give a metric's value, or an end of its interval; None if it was not measured."""
    return summary.metrics.get(metric, {}).get(part)


def missing(metric: str) -> str:
    """Say that the newest round has no such metric."""
    return f"the newest round has no metric {metric!r}"
