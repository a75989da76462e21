"""How likely each class of each item is, by Dawid and Skene's model with priors."""

from dataclasses import dataclass

import numpy as np

from tasks.domain.choosing import Floats
from tasks.quality.aggregation._crowd import Crowd

DECIMALS = 12
"""Probabilities are rounded so: what rounding errors make unlike would grow from step to step."""


@dataclass(frozen=True)
class Prior:
    """What is believed before the first answer, in answers or items that it is worth.

    Attributes
    ----------
    accuracy, accuracy_weight : float
        How often annotators are right, and the answers that this is worth.
    crowd_weight : float
        Answers, per true class, that count for the same accuracy in every class.
    annotator_weight : float
        Answers, per true class, that count for an annotator who is like all others.
    class_weight : float
        Items that count for classes between equally frequent and as frequent as in the answers.
    """

    accuracy: float
    accuracy_weight: float
    crowd_weight: float
    annotator_weight: float
    class_weight: float


@dataclass(frozen=True)
class Belief:
    """What is believed of an item without what it contributed itself.

    Attributes
    ----------
    of_answers : ndarray, shape (n_answers, n_classes)
        Log-probability of each answer if its item were of each class.
    of_items : ndarray, shape (n_items, n_classes)
        Log-probability of each item's classes before its answers, up to a constant.
    """

    of_answers: Floats
    of_items: Floats


def infer(crowd: Crowd, prior: Prior, n_iter: int, tol: float) -> Belief:
    """Repeat until no probability of a class changes by more than `tol`, `n_iter` times at most.

    It begins with annotators who all are as the prior says, and not with the majority's word:
    where little is known, they stay so.
    """
    start = np.log(_one_coin(crowd.n_classes, prior.accuracy))[crowd.label]
    probabilities = _settled(crowd, crowd.of_item @ start)
    belief = _believe(crowd, prior, probabilities)
    for _ in range(n_iter):
        updated = _settled(crowd, log_joint(crowd, belief))
        belief = _believe(crowd, prior, updated)
        change = np.abs(updated - probabilities).max()
        probabilities = updated
        if change <= tol:
            break
    return belief


def log_joint(crowd: Crowd, belief: Belief) -> Floats:
    """Log-probability of each item's classes by its answers, up to a constant for each item."""
    joint: Floats = belief.of_items + crowd.of_item @ belief.of_answers
    return joint


def _settled(crowd: Crowd, scores: Floats) -> Floats:
    """Make probabilities of scores; what is known is certain."""
    from scipy.special import softmax

    probabilities: Floats = softmax(scores, axis=1).round(DECIMALS)
    probabilities[crowd.is_known] = np.eye(crowd.n_classes)[crowd.known[crowd.is_known]]
    return probabilities


def _believe(crowd: Crowd, prior: Prior, probabilities: Floats) -> Belief:
    own = probabilities[crowd.item] * crowd.tells[:, None]
    # Counts of sums minus one summand: what is left of nothing may be a little below it.
    said = np.maximum((crowd.of_same @ own)[crowd.same] - own, 0.0)
    seen = np.maximum((crowd.of_annotator @ own)[crowd.annotator] - own, 0.0)
    expected = prior.annotator_weight * _pooled(crowd, prior, own)[crowd.label]
    others = np.maximum(probabilities.sum(axis=0) - probabilities, 0.0)
    return Belief(
        np.log(said + expected) - np.log(seen + prior.annotator_weight),
        np.log(others + prior.class_weight * _base(crowd)),
    )


def _pooled(crowd: Crowd, prior: Prior, own: Floats) -> Floats:
    """Probability that anybody says class k (row) of an item of class c (column)."""
    counts: Floats = crowd.of_label @ own
    right = np.trace(counts) + prior.accuracy_weight * prior.accuracy
    accuracy = right / (counts.sum() + prior.accuracy_weight)
    alike = prior.crowd_weight * _one_coin(crowd.n_classes, accuracy)
    pooled: Floats = (counts + alike) / (counts.sum(axis=0) + prior.crowd_weight)
    return pooled


def _one_coin(n_classes: int, accuracy: float) -> Floats:
    """Probability of answers by annotators who err alike in every class."""
    rest = (1 - accuracy) / (n_classes - 1)
    return np.full((n_classes, n_classes), rest) + np.eye(n_classes) * (accuracy - rest)


def _base(crowd: Crowd) -> Floats:
    shares: Floats = crowd.votes.mean(axis=0)
    return (shares + 1 / crowd.n_classes) / 2
