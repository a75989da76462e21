"""Stop when more labels no longer make the model better."""

import math
from dataclasses import dataclass

from tasks.domain.metrics import LOWER_IS_BETTER
from tasks.domain.outlook import Outlook, Verdict
from tasks.stopping._metrics import measured, missing, of
from tasks.stopping._words import apart


@dataclass(frozen=True)
class Plateau:
    """Fires when it is sure that the last `rounds` rounds gained less than `gain`.

    The newest model and the one of `rounds` rounds before are compared on the same items of the
    holdout, by the labels that these have now. The rule fires when even the upper end of the
    interval of the difference is below `gain`. That two values look alike is not enough: on 500
    items the accuracy of two models of equal worth easily differs by 0.01, and a rule that compares
    values stops most campaigns by chance. This is a test of equivalence, in which the claim that
    has to be shown is that nothing was gained (Schuirmann 1987, doi:10.1007/BF01068419); that the
    items are the same takes what is common to both models out of the difference (Dietterich
    1998, doi:10.1162/089976698300017197).

    A holdout can show only so much: where the interval is wider than `gain`, the reason says so. A
    larger `gain`, more `rounds` or a larger holdout help.

    Rounds that have no such metric, as those before the first model, do not count.
    """

    metric: str = "accuracy"
    rounds: int = 3
    gain: float = 0.01

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError("rounds must be at least 1")
        if not 0 <= self.gain < math.inf:
            raise ValueError("gain must be a number that is not below 0")

    def verdict(self, outlook: Outlook) -> Verdict:
        """Compare the newest round with the one of `rounds` rounds before."""
        if measured(outlook.rounds[-1], self.metric) is None:
            return Verdict(False, missing(self.metric))
        with_metric = [one for one in outlook.rounds if measured(one, self.metric) is not None]
        if len(with_metric) <= self.rounds:
            return Verdict(
                False,
                f"a plateau shows after {self.rounds + 1} measurements of {self.metric}, "
                f"and this is number {len(with_metric)}",
            )
        before = with_metric[-1 - self.rounds]
        value, low, high = (of(before.gained, self.metric, end) for end in ("value", "low", "high"))
        if value is None or low is None or high is None:
            return Verdict(False, f"round {before.round} was not measured on the same items")
        if self.metric in LOWER_IS_BETTER:
            value, low, high = -value, -high, -low
        return self._judge(value, low, high)

    def _judge(self, value: float, low: float, high: float) -> Verdict:
        fires = high < self.gain
        most, asked = apart(high, self.gain)
        reason = (
            f"the last {self.rounds} rounds gained {value:+.3g} {self.metric} "
            f"[{low:+.3g}, {high:+.3g}], which is at most {most} and "
            f"{'less than' if fires else 'may be as much as'} {asked}"
        )
        if not fires and high - value > self.gain:
            reason += "; this holdout cannot show less, since its interval is wider than that"
        return Verdict(fires, reason)

    def go_on(self, outlook: Outlook) -> str:
        """Name what makes the rule more patient."""
        del outlook  # these help whatever was measured
        return (
            f"lower stop.plateau.gain, raise stop.plateau.rounds above {self.rounds}, "
            "or take stop.plateau away"
        )
