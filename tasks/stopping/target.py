"""Stop when the model is good enough, for sure."""

import math
from dataclasses import dataclass

from tasks.domain.metrics import LOWER_IS_BETTER
from tasks.domain.outlook import Metrics, Outlook, RoundSummary, Verdict
from tasks.quality.gold import wilson
from tasks.stopping._metrics import measured, missing, of
from tasks.stopping._words import apart


@dataclass(frozen=True)
class Target:
    """Fires when the lower end of a metric's interval reaches `at_least`.

    The point alone would be luck: every round is another chance to pass the line by noise. Where
    always answering the largest class would do as well, the model must also be better than that,
    by an interval of the difference over the same items that lies above 0.

    It says so where a target cannot be reached on this holdout: because it has too few items, or
    because so many of its own labels are wrong that a model without a mistake would show less.
    """

    metric: str = "accuracy"
    at_least: float = 0.95

    def __post_init__(self) -> None:
        if self.metric in LOWER_IS_BETTER:
            raise ValueError(f"{self.metric} has no least value to reach; less of it is better")
        if not 0 < self.at_least <= 1:
            raise ValueError("at_least must be above 0 and at most 1")

    def verdict(self, outlook: Outlook) -> Verdict:
        """Compare the lower end with the target, and the model with the largest class."""
        newest = outlook.rounds[-1]
        low = measured(newest, self.metric, "low")
        if low is None:
            return Verdict(False, missing(self.metric))
        baseline, better = self._baseline(newest)
        shown, target = apart(low, self.at_least)
        if low < self.at_least:
            why = self.out_of_reach(newest.metrics, newest.holdout, outlook.confidence)
            unreachable = f", and is unreachable: {why}" if why else ""
            reason = f"{self.metric}'s lower end {shown} is below {target}"
            return Verdict(False, f"{reason}{unreachable}{baseline}")
        reason = f"{self.metric}'s lower end {shown} has reached {target}"
        if better:
            return Verdict(True, f"{reason}{baseline}")
        return Verdict(False, f"{reason}{baseline}, and the model is not surely better than that")

    def go_on(self, outlook: Outlook) -> str:
        """Name the target, and what it would have to be above."""
        low = measured(outlook.rounds[-1], self.metric, "low")
        if low is None or low >= 1:
            return "take stop.target away, or name another metric in it"
        above = math.ceil(low * 10_000) / 10_000
        return f"raise stop.target.at_least above {above:g}, or take stop.target away"

    def out_of_reach(self, metrics: Metrics, holdout: int, confidence: float) -> str:
        """Say why a holdout cannot show the target; empty if it may.

        Parameters
        ----------
        metrics : Metrics
            Of the newest round; empty if there is none.
        holdout : int
            Its items; 0 if that is not known.
        confidence : float
            Of the intervals.
        """
        most, error = of(metrics, f"ceiling/{self.metric}"), of(metrics, "label_error")
        if most is not None and error is not None and most < self.at_least:
            return (
                f"about {error:.1%} of the holdout's own labels are wrong, "
                f"so that a model without a mistake would show {self.metric} {most:.3g}"
            )
        if self.metric != "accuracy" or not holdout:
            return ""
        perfect = float(wilson(holdout, holdout, confidence).low or 0.0)
        if perfect >= self.at_least:
            return ""
        shown, target = apart(perfect, self.at_least)
        return (
            f"{target} cannot be shown on a holdout of {holdout}: "
            f"the lower end would be {shown} if all of them were right"
        )

    def _baseline(self, newest: RoundSummary) -> tuple[str, bool]:
        """Say what the largest class alone would have, and whether the model is surely better."""
        alone = measured(newest, f"baseline/{self.metric}")
        if alone is None:
            return "", True
        more = measured(newest, f"above_baseline/{self.metric}", "low")
        return (
            f"; always answering the largest class would have {alone:.3g}",
            alone < self.at_least or (more is not None and more > 0),
        )
