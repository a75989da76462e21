"""Simulated annotators: who answers what, and what they take one class for."""

from dataclasses import dataclass

import numpy as np

from tasks.domain.choosing import Floats
from tasks.domain.randomness import generator
from tasks.vendors._simulated.options import Options

USE = "vendors/simulated"
CONCENTRATION = 2.0
"""How much more some pairs of classes are confused than others: the standard deviation of the
logarithm of the pairs' weights."""
PECULIARITY = 0.5
"""The same, for how one annotator's weights differ from everybody's."""
PACE = 0.3
"""The standard deviation of the logarithm of the annotators' pace."""


@dataclass(frozen=True)
class Annotator:
    """One simulated person.

    Attributes
    ----------
    accuracy : float
        Probability of the right class, whichever it is.
    pace : float
        Multiplies the time that an answer takes.
    confusion : ndarray, shape (c, c)
        Row: the true class; column: the answer; rows sum to 1.
    """

    name: str
    accuracy: float
    pace: float
    confusion: Floats


def crew(options: Options, classes: int, seed: int) -> tuple[Annotator, ...]:
    """Make the annotators; their mean accuracy is exactly `options.accuracy`."""
    rng = generator(seed, 0, f"{USE}/people")
    pairs = np.exp(CONCENTRATION * rng.standard_normal((classes, classes)))
    weights = pairs * pairs.T
    spread = min(options.accuracy_spread, options.accuracy, 1 - options.accuracy)
    ladder = np.linspace(-spread, spread, options.annotators) if options.annotators > 1 else [0.0]
    accuracies = options.accuracy + rng.permutation(ladder)
    return tuple(
        Annotator(
            name=f"annotator-{number:02d}",
            accuracy=float(accuracy),
            pace=float(np.exp(PACE * rng.standard_normal())),
            confusion=_confusion(weights, float(accuracy), rng),
        )
        for number, accuracy in enumerate(accuracies, start=1)
    )


def annotator_of(people: tuple[Annotator, ...], seed: int, item_id: str, copy: int) -> Annotator:
    """Say who gets a copy of an item; other copies of it go to others, while there are any."""
    order = generator(seed, 0, f"{USE}/order/{item_id}").permutation(len(people))
    return people[int(order[(copy - 1) % len(people)])]


def _confusion(weights: Floats, accuracy: float, rng: np.random.Generator) -> Floats:
    matrix = weights * np.exp(PECULIARITY * rng.standard_normal(weights.shape))
    np.fill_diagonal(matrix, 0.0)
    matrix *= (1 - accuracy) / matrix.sum(axis=1, keepdims=True)
    np.fill_diagonal(matrix, accuracy)
    return matrix
