"""How good predictions are, with intervals.

All metrics are functions of sums over items, so that a resample of the items, which is one weight
per item, costs one row of a matrix product.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tasks.domain.choosing import Floats, Strings

BINS = 15
CELLS = 4_000_000
"""Weights held in memory at once."""

Metrics = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Scored:
    """What is known of each item once it is predicted.

    Attributes
    ----------
    classes : tuple of str, length c
    columns : ndarray of float64, shape (n, 1 + 3 * c + bins)
        Loss; is the class; is predicted as it; is both; confidence minus correctness by bin.
    """

    classes: tuple[str, ...]
    columns: Floats


def measure(
    truth: Strings,
    probabilities: Floats,
    classes: Sequence[str],
    *,
    resamples: int,
    confidence: float,
    rng: np.random.Generator,
) -> Metrics:
    """Measure predictions against the true classes.

    Parameters
    ----------
    truth : ndarray of str, shape (n,)
        At least one.
    probabilities : ndarray of float64, shape (n, c)
    classes : sequence of str, length c
        The first of the most probable ones is the prediction.
    resamples : int
        Bootstrap resamples of the items.
    confidence : float
        Of the intervals, between 0 and 1.
    rng : Generator

    Returns
    -------
    dict
        ``{name: {"value", "low", "high"}}`` with the names

        - ``accuracy``;
        - ``macro_f1``: mean over the classes that are true or predicted of any item;
        - ``log_loss``: in nats, probabilities clipped to the float's precision;
        - ``expected_calibration_error``: over 15 bins of equal width (Guo et al. 2017,
          arXiv:1706.04599); resampling biases it upwards, and its interval with it;
        - ``recall/<class>`` for each class that is true of any item, ``precision/<class>`` for
          each that is predicted of any.

        Intervals are those of the percentile bootstrap (Efron and Tibshirani 1993, chapter 13).
        Resamples in which a metric is undefined, such as a recall with no item of the class, do
        not count for it.
    """
    scored = _score(truth, probabilities, tuple(classes))
    n = len(truth)
    values = _metrics(scored, np.ones((1, n)))
    drawn = [_metrics(scored, weights) for weights in _weights(n, resamples, rng)]
    edges = [(1 - confidence) / 2, (1 + confidence) / 2]
    return {
        name: _interval(float(value[0]), np.concatenate([part[name] for part in drawn]), edges)
        for name, value in values.items()
        if np.isfinite(value[0])
    }


def predicted(probabilities: Floats, classes: Sequence[str]) -> Strings:
    """Give each item's most probable class, shape (n,)."""
    best: Strings = np.array(classes, dtype=object)[probabilities.argmax(axis=1)]
    return best


def of_truth(truth: Strings, probabilities: Floats, classes: Sequence[str]) -> Floats:
    """Give the probability of each item's true class, shape (n,)."""
    found: Floats = (probabilities * _one_hot(truth, classes)).sum(axis=1)
    return found


def _one_hot(names: Strings, classes: Sequence[str]) -> Floats:
    equal: Floats = (names[:, None] == np.array(classes, dtype=object)).astype(np.float64)
    return equal


def _score(truth: Strings, probabilities: Floats, classes: tuple[str, ...]) -> Scored:
    is_class = _one_hot(truth, classes)
    is_predicted = _one_hot(predicted(probabilities, classes), classes)
    tiny = np.finfo(np.float64).eps
    loss = -np.log(np.clip(of_truth(truth, probabilities, classes), tiny, 1 - tiny))
    hit = is_class * is_predicted
    gaps = _gaps(probabilities.max(axis=1), hit.sum(axis=1))
    return Scored(classes, np.column_stack([loss, is_class, is_predicted, hit, gaps]))


def _gaps(top: Floats, correct: Floats) -> Floats:
    bins = np.clip(np.ceil(top * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.zeros((len(top), BINS))
    gaps[np.arange(len(top)), bins] = top - correct
    return gaps


def _weights(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    step = max(1, CELLS // n)
    even = np.full(n, 1 / n)
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    return (rng.multinomial(n, even, size=size).astype(np.float64) for size in sizes)


def _metrics(scored: Scored, weights: Floats) -> dict[str, Floats]:
    c = len(scored.classes)
    n = weights.sum(axis=1)
    loss, true, guessed, hit, gaps = np.split(
        weights @ scored.columns, np.cumsum([1, c, c, c]), axis=1
    )
    metrics = {
        "accuracy": hit.sum(axis=1) / n,
        "macro_f1": _mean(_ratio(2 * hit, true + guessed)),
        "log_loss": loss[:, 0] / n,
        "expected_calibration_error": np.abs(gaps).sum(axis=1) / n,
    }
    for kind, shares in (("recall", _ratio(hit, true)), ("precision", _ratio(hit, guessed))):
        metrics |= {f"{kind}/{name}": shares[:, k] for k, name in enumerate(scored.classes)}
    return metrics


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _mean(shares: Floats) -> Floats:
    defined = np.isfinite(shares)
    means: Floats = np.where(defined, shares, 0.0).sum(axis=1) / defined.sum(axis=1)
    return means


def _interval(value: float, drawn: Floats, edges: list[float]) -> dict[str, float]:
    defined = drawn[np.isfinite(drawn)]
    low, high = np.quantile(defined, edges) if len(defined) else (value, value)
    return {"value": value, "low": float(low), "high": float(high)}
