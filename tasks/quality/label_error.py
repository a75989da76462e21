"""How many of the labels that were bought for the holdout are wrong."""

import math
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np
import pandas as pd

from tasks.domain.choosing import Floats
from tasks.quality.gold import wilson

MOST_CHOICES = 200
"""Choices of answers that are looked at of a gold item; of more, these many in a fixed order."""


@dataclass(frozen=True)
class LabelError:
    """The share of labels that are wrong, with its interval.

    Attributes
    ----------
    doubts : ndarray of float64, shape (n,)
        How probable it is of each label that it is wrong, so that their mean is `value`.
    """

    value: float
    low: float
    high: float
    doubts: Floats


def estimate(
    labels: pd.DataFrame, answers: pd.DataFrame, gold: pd.DataFrame, confidence: float
) -> LabelError:
    """Estimate how many labels are wrong.

    Every label states its own doubt, 1 minus its confidence. Where there are gold items with
    answers, the mean doubt is held within the interval of what they show: the share of wrong
    pluralities of as many answers as the labels have. An item is one observation, however many
    answers it has, because annotators err on the same difficult items.

    Parameters
    ----------
    labels : DataFrame
        `tables.LABELS` of the bought labels; at least one.
    answers : DataFrame
        One answer of an annotator per item (`quality.answers.one_each`).
    gold : DataFrame
        Columns item_id, label.
    confidence : float
        Of the interval.

    Returns
    -------
    LabelError
        Without gold the interval is that of the number of wrong labels if the doubts are right
        (normal approximation of the Poisson binomial distribution).
    """
    doubts = np.clip(1 - labels["confidence"].to_numpy(dtype=np.float64), 0.0, 1.0)
    stated = float(doubts.mean())
    wrong = plurality_errors(answers, gold, round(float(labels["n_answers"].mean())))
    if len(wrong):
        shown = wilson(wrong.sum(), len(wrong), confidence)
        low, high = float(shown.low or 0.0), float(shown.high or 0.0)
        value = min(max(stated, low), high)
    else:
        reach = NormalDist().inv_cdf((1 + confidence) / 2)
        reach *= math.sqrt(float((doubts * (1 - doubts)).sum())) / len(doubts)
        value, low, high = stated, max(0.0, stated - reach), min(1.0, stated + reach)
    return LabelError(value, low, high, scaled(doubts, value))


def plurality_errors(answers: pd.DataFrame, gold: pd.DataFrame, n: int) -> Floats:
    """Give for each gold item how often a plurality of `n` of its answers is wrong.

    Items with fewer answers are left out. Of classes with equally many answers each is as likely
    to be taken.
    """
    truth = gold.dropna(subset=["label"]).set_index("item_id")["label"]
    asked = answers[(answers["role"] == "gold") & answers["item_id"].isin(truth.index)]
    given = asked.sort_values(["item_id", "answer_id"]).groupby("item_id")["label"].agg(list)
    enough = given[given.map(len) >= n]
    known = enough.index.to_series().map(truth)
    return np.array(
        [_plurality_error(said, right, n) for said, right in zip(enough, known, strict=True)]
    )


def scaled(doubts: Floats, mean: float) -> Floats:
    """Scale doubts so that they have another mean and stay probabilities."""
    before = float(doubts.mean())
    if before <= 0:
        return np.full(len(doubts), mean)
    if mean <= before:
        return doubts * (mean / before)
    # What is missing is taken from the certainty that is left.
    return 1 - (1 - doubts) * ((1 - mean) / (1 - before))


def _plurality_error(said: list[str], truth: str, n: int) -> float:
    total, wrong = 0, 0.0
    for chosen in combinations(said, n):
        counts = {label: chosen.count(label) for label in chosen}
        most = [label for label, count in counts.items() if count == max(counts.values())]
        wrong += 1 - (truth in most) / len(most)
        total += 1
        if total == MOST_CHOICES:
            break
    return wrong / total
