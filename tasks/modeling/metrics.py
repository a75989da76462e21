"""How good predictions are.

All metrics are functions of sums over items, so that a resample of the items, which is one weight
per item, costs one row of a matrix product.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks.domain.choosing import Floats, Strings

BINS = 15
"""Of confidence, for the calibration error."""

Metrics = dict[str, dict[str, float]]
TINY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Scored:
    """What is known of each item once it is predicted.

    Attributes
    ----------
    classes : tuple of str, length c
    columns : ndarray of float64, shape (n, 2 + 3 * c + bins)
        One; loss; is the class; is predicted as it; is both; confidence minus correctness by bin.
    """

    classes: tuple[str, ...]
    columns: Floats

    @property
    def counts(self) -> tuple[Floats, Floats, Floats]:
        """How many items are of each class, are predicted as it, and are both."""
        c = len(self.classes)
        true, guessed, hit = np.split(self.columns[:, 2 : 2 + 3 * c].sum(axis=0), 3)
        return true, guessed, hit


def predicted(probabilities: Floats, classes: Sequence[str]) -> Strings:
    """Give each item's most probable class, shape (n,); the first of equally probable ones."""
    best: Strings = np.array(classes, dtype=object)[probabilities.argmax(axis=1)]
    return best


def of_truth(truth: Strings, probabilities: Floats, classes: Sequence[str]) -> Floats:
    """Give the probability of each item's true class, shape (n,)."""
    found: Floats = (probabilities * one_hot(truth, classes)).sum(axis=1)
    return found


def one_hot(names: Strings, classes: Sequence[str]) -> Floats:
    """Give a row for each name that is 1 in its class's column and 0 in the others."""
    equal: Floats = (names[:, None] == np.array(classes, dtype=object)).astype(np.float64)
    return equal


def score(truth: Strings, probabilities: Floats, classes: Sequence[str]) -> Scored:
    """Compare predictions with the true classes, item by item."""
    is_class = one_hot(truth, classes)
    is_predicted = one_hot(predicted(probabilities, classes), classes)
    loss = -np.log(np.clip(of_truth(truth, probabilities, classes), TINY, 1 - TINY))
    hit = is_class * is_predicted
    gaps = by_bin(probabilities.max(axis=1), hit.sum(axis=1))
    ones = np.ones(len(truth))
    return Scored(tuple(classes), np.column_stack([ones, loss, is_class, is_predicted, hit, gaps]))


def by_bin(confidence: Floats, correct: Floats) -> Floats:
    """Put each item's confidence minus its correctness into the column of its confidence's bin."""
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.zeros((len(confidence), BINS))
    gaps[np.arange(len(confidence)), bins] = confidence - correct
    return gaps


def from_sums(scored: Scored, sums: Floats) -> dict[str, Floats]:
    """Give every metric for each row of weighted sums over the columns of `scored`.

    Means over classes are over those that are true (balanced accuracy), or are true or predicted
    (macro-F1), of any item of `scored` itself. A metric that is not defined is left out.
    """
    c = len(scored.classes)
    n, loss, true, guessed, hit, gaps = np.split(sums, np.cumsum([1, 1, c, c, c]), axis=1)
    of_class, as_class, _ = scored.counts
    found = {
        "accuracy": hit.sum(axis=1) / n[:, 0],
        "balanced_accuracy": _ratio(hit, true)[:, of_class > 0].mean(axis=1),
        "macro_f1": _ratio(2 * hit, true + guessed)[:, of_class + as_class > 0].mean(axis=1),
        "log_loss": loss[:, 0] / n[:, 0],
        "expected_calibration_error": np.abs(gaps).sum(axis=1) / n[:, 0],
    }
    for kind, whole, counted in (("recall", true, of_class), ("precision", guessed, as_class)):
        shares = _ratio(hit, whole)
        found |= {
            f"{kind}/{name}": shares[:, k]
            for k, name in enumerate(scored.classes)
            if counted[k] > 0
        }
    return found


def values(scored: Scored) -> dict[str, float]:
    """Give every metric."""
    sums = scored.columns.sum(axis=0, keepdims=True)
    return {name: float(value[0]) for name, value in from_sums(scored, sums).items()}


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
