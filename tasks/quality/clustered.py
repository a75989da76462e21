"""Intervals of shares whose observations belong together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.domain.choosing import Floats

USUAL_CORRELATION, USUAL_PAIRS = 0.15, 20.0
"""Correlation that is expected within a cluster, and how many pairs that expectation is worth."""


@dataclass(frozen=True)
class Proportion:
    """A share with its interval; all None if n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def share(
    right: npt.NDArray[np.bool_], clusters: Sequence[npt.NDArray[Any]], confidence: float = 0.95
) -> Proportion:
    r"""Put a score interval around a share, by as many observations as they are really worth.

    Answers of one annotator resemble one another, and so do those to one item. With
    :math:`\rho_g` the correlation of two observations of one cluster in grouping g, n observations
    are worth :math:`n / d` independent ones:

    .. math:: d = 1 + \sum_g \rho_g \frac{N_g}{n}, \qquad
        \hat\rho_g = \frac{1}{N_g \hat v} \Bigl( \frac{G}{G - 1} \sum_{k = 1}^G
        \bigl( \sum_{i \in k} e_i \bigr)^2 - \sum_i e_i^2 \Bigr),

    where :math:`N_g` counts ordered pairs within clusters, :math:`e_i` is what observation i is
    off the mean, and :math:`\hat v` the variance of one, with a success and a failure added. The
    correlation is taken together with what is usual, as few pairs say little of it (none, if
    all are right), and is never below 0. The interval is Wilson's with n / d
    observations and Student's quantile, whose degrees of freedom are Satterthwaite's, of G - 1
    for each grouping's part of d and n - 1 for the rest. Without clusters of two it is nearly
    Wilson's.

    Parameters
    ----------
    right : ndarray of bool, shape (n,)
    clusters : sequence of ndarray, shape (n,)
        For each grouping, the cluster of every observation.

    References
    ----------
    A. C. Cameron, J. B. Gelbach and D. L. Miller, Robust inference with multiway clustering,
    Journal of Business & Economic Statistics 29(2), 2011, doi:10.1198/jbes.2010.07136.
    N. Dean and M. Pagano, Evaluating confidence interval methods for binomial proportions in
    clustered surveys, Journal of Survey Statistics and Methodology 3(4), 2015,
    doi:10.1093/jssam/smv024.
    F. E. Satterthwaite, An approximate distribution of estimates of variance components,
    Biometrics Bulletin 2(6), 1946, doi:10.2307/3002019.
    """
    from scipy.stats import t as student

    n = len(right)
    if not n:
        return Proportion(None, None, None, 0)
    parts = [(1.0, max(n - 1, 1)), *(_excess(right, cluster) for cluster in clusters)]
    effect = sum(part for part, _ in parts)
    freedom = effect**2 / sum(part**2 / degrees for part, degrees in parts)
    quantile = float(student.ppf((1 + confidence) / 2, freedom))
    return score_interval(float(np.mean(right)), n, n / effect, quantile)


def score_interval(value: float, n: int, worth: float, quantile: float) -> Proportion:
    r"""Put Wilson's score interval around a share.

    .. math::

        \frac{\hat p + z^2 / 2n \pm z \sqrt{\hat p (1 - \hat p) / n + z^2 / 4n^2}}{1 + z^2 / n}

    Parameters
    ----------
    value : float
    n : int
        Observations, as they are told.
    worth : float
        The independent observations that they are worth: n in the formula.
    quantile : float
        z in the formula.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of
    the American Statistical Association 22(158), 1927, doi:10.1080/01621459.1927.10502953.
    """
    square = quantile**2
    middle = value + square / (2 * worth)
    reach = quantile * math.sqrt(value * (1 - value) / worth + square / (4 * worth**2))
    low, high = ((middle + side) / (1 + square / worth) for side in (-reach, reach))
    # At 0 and 1 the bound is the share itself, but for rounding.
    return Proportion(value, max(0.0, min(low, value)), min(1.0, max(high, value)), n)


def _excess(right: npt.NDArray[np.bool_], cluster: npt.NDArray[Any]) -> tuple[float, int]:
    """Give a grouping's part of the design effect, and its degrees of freedom."""
    _, member, sizes = np.unique(cluster.astype(str), return_inverse=True, return_counts=True)
    n, groups, pairs = len(right), len(sizes), int((sizes * (sizes - 1)).sum())
    off: Floats = right - np.mean(right)
    smoothed = (right.sum() + 1) / (n + 2)
    sums = (np.bincount(member, weights=off) ** 2).sum() * groups / max(groups - 1, 1)
    found = (sums - (off**2).sum()) / (smoothed * (1 - smoothed))
    correlation = (found + USUAL_PAIRS * USUAL_CORRELATION) / (pairs + USUAL_PAIRS)
    return min(max(correlation, 0.0), 1.0) * pairs / n, max(groups - 1, 1)
