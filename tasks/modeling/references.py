"""What a metric is to be compared with: the least, and the most, that the holdout can show."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tasks.domain.choosing import Floats, Strings
from tasks.modeling import intervals, metrics
from tasks.modeling.intervals import Resampling
from tasks.modeling.metrics import Metrics
from tasks.quality.label_error import LabelError, scaled

BASELINE = "baseline/"
"""Before a metric's name: what always answering the largest class has."""
ABOVE_BASELINE = "above_baseline/"
"""Before a metric's name: how much more the model has, over the same items."""
CEILING = "ceiling/"
"""Before a metric's name: what a model without a mistake would show on labels that have some."""
LABEL_ERROR = "label_error"
"""The share of the holdout's labels that are wrong."""
COMPARED = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss")


def baseline(
    truth: Strings, probabilities: Floats, classes: Sequence[str], resampling: Resampling
) -> Metrics:
    """Measure always answering the holdout's largest class, and what the model has beyond it.

    Its probabilities are the shares of the classes. Of equally large classes the first counts.
    Beside the metrics over all classes it is told of the precision in the largest class, which it
    has for nothing; of recall no constant answer is a fair opponent.

    Parameters
    ----------
    truth : ndarray of str, shape (n,)
        At least one.
    probabilities : ndarray of float64, shape (n, c)
        The model's.
    """
    shares = metrics.one_hot(truth, classes).mean(axis=0)
    constant = np.tile(shares, (len(truth), 1))
    names = (*COMPARED, f"precision/{classes[int(shares.argmax())]}")
    alone = intervals.measure(truth, constant, classes, resampling)
    more = intervals.gain(truth, probabilities, constant, classes, resampling)
    return {
        **{BASELINE + name: alone[name] for name in names},
        **{ABOVE_BASELINE + name: more[name] for name in names if name in more},
    }


def of_label_error(
    labels: "pd.Series[Any]", bought: pd.DataFrame, error: LabelError, classes: Sequence[str]
) -> Metrics:
    """Give the share of wrong labels, and what they leave to be shown, by their metrics' names.

    Parameters
    ----------
    labels : Series
        All labels that a model is measured by, by ``item_id``.
    bought : DataFrame
        `tables.LABELS` of those that were bought; all others are taken to be right.
    error : LabelError
        Of `bought`.
    """
    truth = labels.to_numpy(dtype=object)
    ends = {"value": error.value, "low": error.low, "high": error.high}
    found: dict[str, dict[str, float]] = {}
    for end, mean in ends.items():
        doubt = pd.Series(scaled(error.doubts, mean), index=bought["item_id"])
        doubts = np.asarray(labels.index.to_series().map(doubt).fillna(0.0), dtype=np.float64)
        found[end] = ceiling(truth, doubts, classes)
    # The more labels are wrong, the less is left.
    most = {"value": found["value"], "low": found["high"], "high": found["low"]}
    share = len(bought) / len(labels)
    return {
        LABEL_ERROR: {end: mean * share for end, mean in ends.items()},
        **{
            CEILING + name: {end: metric[name] for end, metric in most.items()}
            for name in found["value"]
        },
    }


def ceiling(truth: Strings, doubts: Floats, classes: Sequence[str]) -> dict[str, float]:
    """Say what a model without a mistake would show, in expectation.

    A label that is wrong counts against it: as one that it misses in the label's class, and as one
    too many in the true one, which is any other class by its share of the labels.

    Parameters
    ----------
    truth : ndarray of str, shape (n,)
        The labels that it is measured by.
    doubts : ndarray of float64, shape (n,)
        How probable it is of each label that it is wrong.
    """
    labelled = metrics.one_hot(truth, classes)
    true, hit = labelled.sum(axis=0), ((1 - doubts)[:, None] * labelled).sum(axis=0)
    shares = true / true.sum()
    others = np.where(shares < 1, (true - hit) / np.maximum(1 - shares, metrics.TINY), 0.0)
    guessed = hit + shares * (others.sum() - others)
    there = true > 0
    return {
        "accuracy": float(hit.sum() / true.sum()),
        "balanced_accuracy": float((hit[there] / true[there]).mean()),
        "macro_f1": float((2 * hit / np.maximum(true + guessed, metrics.TINY))[there].mean()),
    }
