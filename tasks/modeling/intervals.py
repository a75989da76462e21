"""Intervals of metrics, and of the difference between two models on the same items.

Shares of items have Wilson's interval. All else has a bootstrap that is smoothed so that it stays
honest where few items, or none, are wrong: an ordinary bootstrap of 20 right items of 20 can only
give 20 right items of 20. ``benchmarks/coverage.py`` measures how often the intervals hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tasks.domain.choosing import Floats, Strings
from tasks.modeling import metrics
from tasks.modeling.metrics import Metrics, Scored
from tasks.quality.gold import wilson

CELLS = 4_000_000
"""Weights held in memory at once."""


@dataclass(frozen=True)
class Imagined:
    """Items that were not seen: of each true class one that is right, and one that is wrong.

    Attributes
    ----------
    right, wrong : ndarray of float64, shape (k, columns)
        Rows as in `Scored.columns`. Their confidence is the mean of the items'; a wrong one is
        taken for the other classes alike.
    """

    right: Floats
    wrong: Floats


@dataclass(frozen=True)
class Resampling:
    """How the smoothed bootstrap draws.

    Each draw gives every item a weight from the exponential distribution (the Bayesian bootstrap,
    Rubin 1981, doi:10.1214/aos/1176345338), and adds imagined items that weigh one right and one
    wrong item in all, divided among the classes by draws from the gamma distribution. For accuracy
    this is the posterior of a share under a uniform prior.

    Attributes
    ----------
    resamples : int
    confidence : float
        Of the intervals, between 0 and 1.
    seed : int
        Draws depend on it, the number of items and of their classes alone: of two models on the
        same items they are paired.
    """

    resamples: int
    confidence: float
    seed: int

    def draws(self, columns: Sequence[Floats], added: Sequence[Sequence[Floats]]) -> list[Floats]:
        """Sum columns over the items of each draw.

        Parameters
        ----------
        columns : sequence of ndarray, each of shape (n, m)
            The same n items.
        added : sequence of sequences of ndarray, each of shape (k, m)
            For each of `columns` the groups of imagined items that join them.

        Returns
        -------
        list of ndarray, each of shape (resamples, m)
        """
        rng = np.random.default_rng(self.seed)
        groups, k = len(added[0]), len(added[0][0])
        shares = rng.gamma(1 / k, size=(groups, self.resamples, k))
        sums: list[list[Floats]] = [[] for _ in columns]
        for weights in self._weights(len(columns[0]), rng):
            for kept, part in zip(sums, columns, strict=True):
                kept.append(weights @ part)
        return [
            np.concatenate(kept)
            + sum(share @ rows for share, rows in zip(shares, own, strict=True))
            for kept, own in zip(sums, added, strict=True)
        ]

    def _weights(self, n: int, rng: np.random.Generator) -> Iterator[Floats]:
        step = max(1, CELLS // n)
        for start in range(0, self.resamples, step):
            yield rng.standard_exponential((min(step, self.resamples - start), n))

    def around(self, value: float, drawn: Floats) -> dict[str, float]:
        """Put an interval around a value.

        It reaches from the lower to the upper end of two: the draws' quantiles, and the same moved
        by twice as much as the draws lie beside the value on average, for imagined items and
        resampling itself move them (bias correction, Efron and Tibshirani 1993, chapter 10).
        """
        edges = [(1 - self.confidence) / 2, (1 + self.confidence) / 2]
        low, high = np.quantile(drawn, edges)
        shift = 2 * (value - float(drawn.mean()))
        low, high = min(low, low + shift, value), max(high, high + shift, value)
        return {"value": value, "low": float(low), "high": float(high)}


def measure(
    truth: Strings, probabilities: Floats, classes: Sequence[str], resampling: Resampling
) -> Metrics:
    """Measure predictions against the true classes.

    Parameters
    ----------
    truth : ndarray of str, shape (n,)
        At least one.
    probabilities : ndarray of float64, shape (n, c)
    classes : sequence of str, length c
        The first of the most probable ones is the prediction.
    resampling : Resampling

    Returns
    -------
    dict
        ``{name: {"value", "low", "high"}}`` with the names

        - ``accuracy``, ``recall/<class>`` for each class that is true of any item, and
          ``precision/<class>`` for each that is predicted of any: Wilson's interval;
        - ``balanced_accuracy``: mean of the recalls;
        - ``macro_f1``: mean over the classes that are true or predicted of any item;
        - ``log_loss``: in nats, probabilities clipped to the float's precision;
        - ``expected_calibration_error``: over 15 bins of equal width (Guo et al. 2017,
          arXiv:1706.04599). Any finite number of items shows some, so its lower end is 0 unless it
          is more than perfectly calibrated predictions would show (consistency resampling, Bröcker
          and Smith 2007, doi:10.1175/WAF993.1).
    """
    scored = metrics.score(truth, probabilities, classes)
    imagined = imagine(scored, probabilities)
    (sums,) = resampling.draws([scored.columns], [(imagined.right, imagined.wrong)])
    drawn = metrics.from_sums(scored, sums)
    found = {
        name: _bounded(name, resampling.around(value, drawn[name]))
        for name, value in metrics.values(scored).items()
    }
    found |= _shares(scored, resampling.confidence)
    error = found["expected_calibration_error"]
    if error["value"] <= _of_the_calibrated(probabilities.max(axis=1), resampling):
        error["low"] = 0.0
    return found


def gain(
    truth: Strings,
    now: Floats,
    before: Floats,
    classes: Sequence[str],
    resampling: Resampling,
) -> Metrics:
    """Measure how much more of every metric one model has than another, on the same items.

    The draws are paired: both models are measured on the same resamples. The imagined items weigh
    one that only the first has right and one that only the other has, as Bonett and Price (2012,
    doi:10.3102/1076998611411915) do for shares: models that agree on few items are not taken
    to agree on all.

    Parameters
    ----------
    truth : ndarray of str, shape (n,)
        At least one.
    now, before : ndarray of float64, shape (n, c)
        Probabilities by either model.

    Returns
    -------
    dict
        As `measure`, for the metrics that both models have.
    """
    scored = [metrics.score(truth, one, classes) for one in (now, before)]
    new, old = (imagine(s, p) for s, p in zip(scored, (now, before), strict=True))
    sums = resampling.draws(
        [one.columns for one in scored], [(new.right, new.wrong), (old.wrong, old.right)]
    )
    drawn = [metrics.from_sums(one, part) for one, part in zip(scored, sums, strict=True)]
    first, second = (metrics.values(one) for one in scored)
    return {
        name: resampling.around(first[name] - second[name], drawn[0][name] - drawn[1][name])
        for name in first
        if name in second
    }


def imagine(scored: Scored, probabilities: Floats) -> Imagined:
    """Make up the items that join those that were seen."""
    c = len(scored.classes)
    of_class, as_class, _ = scored.counts
    true = np.flatnonzero(of_class)
    top = float(np.clip(probabilities.max(axis=1).mean(), metrics.TINY, 1 - metrics.TINY))
    others = np.tile(of_class + as_class > 0, (len(true), 1)).astype(np.float64)
    others[np.arange(len(true)), true] = 0
    others[others.sum(axis=1) == 0] = 1
    others[np.arange(len(true)), true] = 0
    is_class = np.eye(c)[true]

    def rows(loss: float, guessed: Floats, correct: float) -> Floats:
        ones = np.ones(len(true))
        gaps = metrics.by_bin(top * ones, correct * ones)
        hit = is_class * correct
        return np.column_stack([ones, loss * ones, is_class, guessed, hit, gaps])

    return Imagined(
        rows(-np.log(top), is_class, 1.0),
        rows(-np.log((1 - top) / max(1, c - 1)), others / others.sum(axis=1, keepdims=True), 0.0),
    )


def _shares(scored: Scored, confidence: float) -> Metrics:
    true, guessed, hit = scored.counts
    counted = {"accuracy": (hit.sum(), len(scored.columns))}
    for kind, whole in (("recall", true), ("precision", guessed)):
        counted |= {
            f"{kind}/{name}": (hit[k], int(whole[k]))
            for k, name in enumerate(scored.classes)
            if whole[k]
        }
    found = {name: wilson(int(part), whole, confidence) for name, (part, whole) in counted.items()}
    ends = ("value", "low", "high")
    return {name: {end: getattr(one, end) for end in ends} for name, one in found.items()}


def _bounded(name: str, interval: dict[str, float]) -> dict[str, float]:
    most = np.inf if name == "log_loss" else 1.0
    return {part: float(np.clip(value, 0.0, most)) for part, value in interval.items()}


def _of_the_calibrated(confidence: Floats, resampling: Resampling) -> float:
    """Give the calibration error that such confidences would seldom exceed, were they right."""
    rng = np.random.default_rng([resampling.seed, 1])
    n, step = len(confidence), max(1, CELLS // len(confidence))
    here = (metrics.by_bin(confidence, np.zeros(n)) > 0).astype(np.float64)
    drawn = []
    for start in range(0, resampling.resamples, step):
        rows = min(step, resampling.resamples - start)
        right = rng.random((rows, n)) < confidence
        drawn.append(np.abs((confidence - right) @ here).sum(axis=1) / n)
    return float(np.quantile(np.concatenate(drawn), (1 + resampling.confidence) / 2))
