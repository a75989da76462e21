"""Ask where the two best classes are closest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.domain.choosing import Candidates, Floats


@dataclass(frozen=True)
class Margin:
    """Margin sampling: one minus the gap between the two highest probabilities, 0 to 1.

    Scheffer, Decomain, Wrobel: Active hidden Markov models for information extraction, IDA 2001,
    doi 10.1007/3-540-44816-0_31.
    """

    needs_model: ClassVar[bool] = True
    is_random: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False

    def score(self, candidates: Candidates, n: int, rng: np.random.Generator) -> Floats:
        """Score ``1 - (p1 - p2)``, shape (len(candidates),)."""
        assert candidates.probabilities is not None
        second, first = np.partition(candidates.probabilities, -2, axis=1)[:, -2:].T
        return np.asarray(1 - (first - second))

    def reason(self, score: float, top: Sequence[tuple[str, float]]) -> str:
        """Name the two classes and how far they are apart."""
        (first, p1), (second, p2) = top
        return (
            f"the two best guesses, {first!r} ({p1:.2f}) and {second!r} ({p2:.2f}), "
            f"are {1 - score:.2f} apart"
        )
