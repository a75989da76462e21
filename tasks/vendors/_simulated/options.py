"""What can be set about the simulated vendor."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from tasks.domain.needs import Need

Share = Annotated[float, Field(ge=0, le=1)]
Hours = Annotated[float, Field(gt=0, le=1e6)]


def _absolute(path: str) -> str:
    if path and not Path(path).is_absolute():
        raise ValueError("must be an absolute path, or empty for a file of the campaign's own")
    return path


def _moment(text: str) -> str:
    if text and datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("must be a time with a time zone, such as 2026-01-05T08:00:00+00:00")
    return text


@dataclass(frozen=True)
class Options:
    """How good, how fast and how unruly the simulated annotators and their vendor are.

    All that goes wrong is drawn from the campaign's seed, so that turning one rate on leaves
    everything else as it was.

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
    store : str
        The absolute path of a database that several campaigns or machines share as one vendor;
        empty for a file of the campaign's own.
    start : str
        The time at which it is hour 0, as ISO 8601 with a time zone; empty for the midnight after
        the first batch is made. With a time of its own, a campaign that is run again on another
        day gets the same answers to the letter.
    duplicate_rate : float
        Share of answers that are delivered a second time, unchanged.
    late_rate, late_hours : float
        Share of answers that take `late_hours` longer.
    revise_rate : float
        Share of answers whose annotator later gives another class.
    skip_rate, empty_rate : float
        Share of answers in whose place the annotator declines the item, or chooses no class.
    delete_rate : float
        Share of answers that are withdrawn later.
    expire_rate, expire_hours : float
        Share of answers that never come; the vendor gives them up after `expire_hours`.
    double_rate : float
        Share of answers whose annotator answers the same item once more; free unless accepted.
    excess_rate : float
        Share of tasks that one more annotator answers than was asked for; free unless accepted.
    malformed_rate, foreign_rate, unknown_class_rate : float
        Records per answer that come beside it and cost nothing: not of the vendor's form, for a
        task that nobody sent, of a class that does not exist.
    prediction_rate, gold_rate : float
        The same, with the guess of a model of the vendor's, and with a known answer that was
        imported.
    shuffle : bool
        Whether the records of a page are in no order.
    reject_rate : float
        Share of tasks that the vendor does not take.
    outage_rate, throttle_rate : float
        Share of calls that fail before anything is done: the vendor is down, or was asked too
        often.
    timeout_rate : float
        Share of calls that are done and whose reply is lost.
    """

    annotators: Annotated[int, Field(ge=1)] = 5
    accuracy: Share = 0.92
    accuracy_spread: Share = 0.05
    median_hours: Hours = 3.0
    hours_per_look: Hours = 8.0
    store: Annotated[str, AfterValidator(_absolute)] = ""
    start: Annotated[str, AfterValidator(_moment)] = ""
    duplicate_rate: Share = 0.0
    late_rate: Share = 0.0
    late_hours: Hours = 120.0
    revise_rate: Share = 0.0
    skip_rate: Share = 0.0
    empty_rate: Share = 0.0
    delete_rate: Share = 0.0
    expire_rate: Share = 0.0
    expire_hours: Hours = 72.0
    double_rate: Share = 0.0
    excess_rate: Share = 0.0
    malformed_rate: Share = 0.0
    foreign_rate: Share = 0.0
    unknown_class_rate: Share = 0.0
    prediction_rate: Share = 0.0
    gold_rate: Share = 0.0
    shuffle: bool = False
    reject_rate: Share = 0.0
    outage_rate: Share = 0.0
    throttle_rate: Share = 0.0
    timeout_rate: Share = 0.0

    def needs(self) -> tuple[Need, ...]:
        """Name the database, if it is not the campaign's own."""
        return (Need(self.store, field="store"),) if self.store else ()
