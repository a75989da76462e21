"""Stop when more labels no longer make the model better."""

import math
from dataclasses import dataclass

from tasks.domain.outlook import Outlook, Verdict
from tasks.stopping._metrics import LOWER_IS_BETTER, measured, missing
from tasks.stopping._words import apart


@dataclass(frozen=True)
class Plateau:
    """Fires when the best of the last `rounds` rounds beats the best before by less than `gain`.

    Rounds that have no such metric, as those before the first model, do not count.
    """

    metric: str = "accuracy"
    rounds: int = 3
    gain: float = 0.002

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError("rounds must be at least 1")
        if not 0 <= self.gain < math.inf:
            raise ValueError("gain must be a number that is not below 0")

    def verdict(self, outlook: Outlook) -> Verdict:
        """Compare the newest rounds with all before."""
        if measured(outlook.rounds[-1], self.metric) is None:
            return Verdict(False, missing(self.metric))
        found = (measured(summary, self.metric) for summary in outlook.rounds)
        values = [value for value in found if value is not None]
        if len(values) <= self.rounds:
            return Verdict(
                False,
                f"a plateau shows after {self.rounds + 1} measurements of {self.metric}, "
                f"and this is number {len(values)}",
            )
        return self._compare(values[: -self.rounds], values[-self.rounds :])

    def go_on(self, outlook: Outlook) -> str:
        """Name what makes the rule more patient."""
        del outlook  # these help whatever was measured
        return (
            f"lower stop.plateau.gain, raise stop.plateau.rounds above {self.rounds}, "
            "or take stop.plateau away"
        )

    def _compare(self, before: list[float], newest: list[float]) -> Verdict:
        sign, best = (-1, min) if self.metric in LOWER_IS_BETTER else (1, max)
        old, new = best(before), best(newest)
        gained = sign * (new - old)
        fires = gained < self.gain
        shown, asked = apart(gained, self.gain)
        return Verdict(
            fires,
            f"the last {self.rounds} rounds took the best {self.metric} from {old:.4g} "
            f"to {new:.4g}, a gain of {shown}, {'less than' if fires else 'at least'} {asked}",
        )
