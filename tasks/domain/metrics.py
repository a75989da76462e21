"""What the metrics of a round are called."""

from collections.abc import Sequence

OF_ALL = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "expected_calibration_error")
OF_A_CLASS = ("recall", "precision")
LOWER_IS_BETTER = frozenset({"log_loss", "expected_calibration_error"})


def names(classes: Sequence[str]) -> list[str]:
    """List all metrics that a round may have, such as ``accuracy`` and ``recall/ash``."""
    return [*OF_ALL, *(f"{kind}/{name}" for kind in OF_A_CLASS for name in classes)]


def listed() -> str:
    """List them for people, whatever the classes."""
    return ", ".join([*OF_ALL, *(f"{kind}/CLASS" for kind in OF_A_CLASS)])
