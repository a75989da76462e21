"""What gold says of the annotators: items whose class was known before they were asked."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import pandas as pd


@dataclass(frozen=True)
class Proportion:
    """A share with its interval; all None if n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def accuracy(answers: pd.DataFrame, gold: pd.DataFrame) -> Proportion:
    """Measure the share of gold answers that are right, over all annotators.

    Parameters
    ----------
    answers : DataFrame
        Columns item_id, role, label.
    gold : DataFrame
        Columns item_id, label.
    """
    right = _judged(answers, gold)["right"]
    return wilson(int(right.sum()), len(right))


def by_annotator(answers: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Measure each annotator: indexed by annotator_id, columns n_gold and gold_accuracy."""
    right = _judged(answers, gold).groupby("annotator_id")["right"]
    return pd.DataFrame({"n_gold": right.size(), "gold_accuracy": right.mean()})


def wilson(successes: float, n: int, confidence: float = 0.95) -> Proportion:
    r"""Put Wilson's score interval around a share.

    .. math::

        \frac{\hat p + z^2 / 2n \pm z \sqrt{\hat p (1 - \hat p) / n + z^2 / 4n^2}}{1 + z^2 / n}

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of
    the American Statistical Association 22(158), 1927, doi:10.1080/01621459.1927.10502953.
    """
    if not n:
        return Proportion(None, None, None, 0)
    z, share = NormalDist().inv_cdf((1 + confidence) / 2), successes / n
    middle = share + z**2 / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = ((middle + side) / (1 + z**2 / n) for side in (-reach, reach))
    # At 0 and n the bound is the share itself, but for rounding.
    return Proportion(share, max(0.0, min(low, share)), min(1.0, max(high, share)), n)


def _judged(answers: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    truth = gold.dropna(subset=["label"]).set_index("item_id")["label"]
    asked = answers[(answers["role"] == "gold") & answers["item_id"].isin(truth.index)]
    return asked.assign(right=asked["label"].to_numpy() == asked["item_id"].map(truth).to_numpy())
