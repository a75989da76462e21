"""Ask where the best guess is weakest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.domain.choosing import Candidates, Floats


@dataclass(frozen=True)
class LeastConfident:
    """Uncertainty sampling: one minus the highest probability, 0 to 1 - 1/c.

    Lewis, Gale: A sequential algorithm for training text classifiers, SIGIR 1994,
    doi 10.1007/978-1-4471-2099-5_1.
    """

    needs_model: ClassVar[bool] = True
    is_random: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False

    def score(self, candidates: Candidates, n: int, rng: np.random.Generator) -> Floats:
        """Score ``1 - p1``, shape (len(candidates),)."""
        assert candidates.probabilities is not None
        return np.asarray(1 - candidates.probabilities.max(axis=1))

    def reason(self, score: float, top: Sequence[tuple[str, float]]) -> str:
        """Name the best guess and the next one."""
        (first, p1), (second, p2) = top
        return (
            f"the best guess, {first!r}, has a probability of {p1:.2f}, "
            f"the next one, {second!r}, of {p2:.2f}"
        )
