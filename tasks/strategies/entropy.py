"""Ask where the probabilities are spread most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.domain.choosing import Candidates, Floats


@dataclass(frozen=True)
class Entropy:
    """Entropy sampling: ``-sum p ln p`` over the classes, 0 to ln c (nats).

    Settles, Craven: An analysis of active learning strategies for sequence labeling tasks,
    EMNLP 2008, doi 10.3115/1613715.1613855.
    """

    needs_model: ClassVar[bool] = True
    is_random: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False

    def score(self, candidates: Candidates, n: int, rng: np.random.Generator) -> Floats:
        """Score the entropy, shape (len(candidates),); a probability of 0 adds nothing."""
        from scipy.special import entr

        return np.asarray(entr(candidates.probabilities).sum(axis=1))

    def reason(self, score: float, top: Sequence[tuple[str, float]]) -> str:
        """Name the entropy and the two best classes."""
        (first, p1), (second, p2) = top
        return (
            f"the guesses have an entropy of {score:.2f} nats, "
            f"with {first!r} ({p1:.2f}) before {second!r} ({p2:.2f})"
        )
