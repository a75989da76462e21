"""Ask at random, so that something unbiased is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.domain.choosing import Candidates, Floats


@dataclass(frozen=True)
class Uniform:
    """Simple random sampling without replacement, by the random sort method.

    Every candidate gets an independent uniform number; the n highest are a simple random sample.
    Tillé: Sampling algorithms, Springer 2006, chapter 4, doi 10.1007/0-387-34240-0.
    """

    needs_model: ClassVar[bool] = False
    is_random: ClassVar[bool] = True
    needs_features: ClassVar[bool] = False

    def score(self, candidates: Candidates, n: int, rng: np.random.Generator) -> Floats:
        """Draw one number in [0, 1) for each candidate, shape (len(candidates),)."""
        return rng.random(len(candidates))

    def reason(self, score: float, top: Sequence[tuple[str, float]]) -> str:
        """Say that it was chance, and whether the model would have been sure."""
        drawn = "it was drawn at random, for estimates without bias"
        if not top:
            return drawn
        (first, p1), (second, p2) = top
        return f"{drawn}; the model's guesses are {first!r} ({p1:.2f}) and {second!r} ({p2:.2f})"
