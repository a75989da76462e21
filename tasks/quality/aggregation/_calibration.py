"""How much less sure to be than the model, by the items whose class is known."""

from dataclasses import dataclass

import numpy as np

from tasks.domain.choosing import Calibration, Floats
from tasks.quality.aggregation._crowd import Crowd, Whole, summing
from tasks.quality.aggregation._inference import Belief

COLDEST, HOTTEST = -2.0, 3.0
"""Bounds of a temperature's logarithm."""


@dataclass(frozen=True)
class Expected:
    """The temperature to expect without known items, as a lognormal distribution.

    Attributes
    ----------
    median : float
    spread : float
        Standard deviation of the logarithm.
    """

    median: float
    spread: float


def fit(crowd: Crowd, belief: Belief, expected: Expected) -> Calibration:
    """Find the temperature that makes the known classes most probable, given what is expected.

    A known item may have been asked more often than others, and be surer for that. Its answers are
    therefore taken in groups of as many as other items usually have, each group as if it were an
    item; together the groups of an item count once.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    if not crowd.is_known.any():
        return Calibration(expected.median, 0)
    answers, group, item = _groups(crowd)
    scores = belief.of_items[item] + summing(group, len(item)) @ belief.of_answers[answers]
    weights, truth = 1 / np.bincount(item)[item], crowd.known[item]
    expected_log = np.log(expected.median)

    def loss(log_temperature: float) -> float:
        logs: Floats = log_softmax(scores / np.exp(log_temperature), axis=1)
        unexpected = (log_temperature - expected_log) / expected.spread
        return float(unexpected**2 / 2 - weights @ logs[np.arange(len(truth)), truth])

    best = minimize_scalar(loss, bounds=(COLDEST, HOTTEST), method="bounded")
    # The search is no more exact than this; the rest would be rounding.
    return Calibration(float(np.exp(best.x).round(4)), int(crowd.is_known.sum()))


def _groups(crowd: Crowd) -> tuple[Whole, Whole, Whole]:
    """Divide the known items' answers: which answers, the group of each, the item of each group."""
    asked = np.bincount(crowd.item)
    others = asked[~crowd.is_known]
    size = int(np.median(others)) if len(others) else int(asked.max())
    place = np.arange(len(crowd.item)) - (np.cumsum(asked) - asked)[crowd.item]
    turn = place // size
    # What is left over is too small a group, unless it is all that the item has.
    whole = turn < np.maximum(asked // size, 1)[crowd.item]
    answers = np.flatnonzero(crowd.is_known[crowd.item] & whole)
    both = np.stack([crowd.item[answers], turn[answers]], axis=1)
    groups, group = np.unique(both, axis=0, return_inverse=True)
    return answers, group.reshape(-1), groups[:, 0]
