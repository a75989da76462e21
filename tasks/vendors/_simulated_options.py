"""What can be set about the simulated vendor."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

Share = Annotated[float, Field(ge=0, le=1)]
Hours = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Options:
    """How good, how fast and how unruly the simulated annotators are.

    Attributes
    ----------
    annotators : int
        How many there are. No two copies of one item go to the same one.
    accuracy : float
        The share of right answers, in the mean over annotators.
    accuracy_spread : float
        How far the best and the worst annotator are from that mean.
    median_hours : float
        Half of the answers take less, for an annotator of ordinary pace.
    hours_per_look : float
        Simulated hours that pass with every page that is fetched.
    duplicate_rate : float
        Share of answers that are delivered a second time, unchanged.
    late_rate, late_hours : float
        Share of answers that take `late_hours` longer.
    revise_rate : float
        Share of answers whose annotator later gives another class.
    malformed_rate, foreign_rate, unknown_class_rate : float
        Records per task that come beside the true answers and cost nothing: not of the vendor's
        form, for a task that nobody sent, of a class that does not exist.
    """

    annotators: Annotated[int, Field(ge=1)] = 5
    accuracy: Share = 0.92
    accuracy_spread: Share = 0.05
    median_hours: Hours = 3.0
    hours_per_look: Hours = 8.0
    duplicate_rate: Share = 0.0
    late_rate: Share = 0.0
    late_hours: Hours = 120.0
    revise_rate: Share = 0.0
    malformed_rate: Share = 0.0
    foreign_rate: Share = 0.0
    unknown_class_rate: Share = 0.0
