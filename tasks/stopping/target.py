"""Stop when the model is good enough, for sure."""

import math
from dataclasses import dataclass

from tasks.domain.outlook import Outlook, Verdict
from tasks.stopping._metrics import LOWER_IS_BETTER, measured, missing
from tasks.stopping._words import apart


@dataclass(frozen=True)
class Target:
    """Fires when the lower end of a metric's interval reaches `at_least`.

    The point alone would be luck: every round is another chance to pass the line by noise.
    """

    metric: str = "accuracy"
    at_least: float = 0.95

    def __post_init__(self) -> None:
        if self.metric in LOWER_IS_BETTER:
            raise ValueError(f"{self.metric} has no least value to reach; less of it is better")
        if not 0 < self.at_least <= 1:
            raise ValueError("at_least must be above 0 and at most 1")

    def verdict(self, outlook: Outlook) -> Verdict:
        """Compare the lower end with the target."""
        low = measured(outlook.rounds[-1], self.metric, "low")
        if low is None:
            return Verdict(False, missing(self.metric))
        shown, target = apart(low, self.at_least)
        if low >= self.at_least:
            return Verdict(True, f"{self.metric}'s lower end {shown} has reached {target}")
        return Verdict(False, f"{self.metric}'s lower end {shown} is below {target}")

    def go_on(self, outlook: Outlook) -> str:
        """Name the target, and what it would have to be above."""
        low = measured(outlook.rounds[-1], self.metric, "low")
        if low is None or low >= 1:
            return "take stop.target away, or name another metric in it"
        above = math.ceil(low * 10_000) / 10_000
        return f"raise stop.target.at_least above {above:g}, or take stop.target away"
