"""Ask for one representative of each group of similar items: a start without a model."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tasks.domain.arithmetic import one_thread
from tasks.domain.choosing import Candidates, Floats

MINI_BATCH_ABOVE = 20_000
"""Candidates beyond which the clustering reads samples instead of all of them at each step."""

Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class KMeans:
    """The items nearest to the centres of n clusters of the standardised features.

    A representative scores 1 + its cluster's share of the candidates. All others score below 1,
    more the farther they are from their centre, so that what is worst represented comes next; this
    also fills the batch where there are fewer different points than clusters.

    Kang, Ryu, Kwon: Using cluster-based sampling to select initial training set for active
    learning in text classification, PAKDD 2004, doi 10.1007/978-3-540-24775-3_46. Beyond 20,000
    candidates the clusters are those of Sculley: Web-scale k-means clustering, WWW 2010,
    doi 10.1145/1772690.1772862.
    """

    needs_model: ClassVar[bool] = False
    is_random: ClassVar[bool] = False
    needs_features: ClassVar[bool] = True

    def score(self, candidates: Candidates, n: int, rng: np.random.Generator) -> Floats:
        """Score representatives above all others, shape (len(candidates),)."""
        from sklearn.preprocessing import StandardScaler

        points = StandardScaler().fit_transform(candidates.features)
        clusters = min(max(n, 1), len(points))
        of, centres = _cluster(points, clusters, seed=int(rng.integers(2**31)))
        distance = np.linalg.norm(points - centres[of], axis=1)
        nearest = _first_of_each(of, distance)
        scores = distance / (1 + distance)
        scores[nearest] = 1 + np.bincount(of)[of[nearest]] / len(points)
        return np.asarray(scores)

    def reason(self, score: float, top: Sequence[tuple[str, float]]) -> str:
        """Say how many items it stands for, and what the model thinks if there is one."""
        said = "it lies far from the middle of its group of similar items"
        if score > 1:
            said = f"it stands for a group of similar items, {score - 1:.1%} of the candidates"
        if not top:
            return said
        (first, p1), (second, p2) = top
        return f"{said}; the model's guesses are {first!r} ({p1:.2f}) and {second!r} ({p2:.2f})"


def _cluster(points: Floats, clusters: int, seed: int) -> tuple[Ints, Floats]:
    from sklearn import cluster
    from sklearn.exceptions import ConvergenceWarning

    kind = cluster.MiniBatchKMeans if len(points) > MINI_BATCH_ABOVE else cluster.KMeans
    model = kind(clusters, random_state=seed, n_init=1)
    # Threads would add up a centre in the order in which they happen to finish.
    with warnings.catch_warnings(), one_thread():
        # Fewer different points than clusters: the scores have a rule for it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points)
    return model.labels_, model.cluster_centers_


def _first_of_each(of: Ints, distance: Floats) -> Ints:
    nearest_first = np.lexsort((distance, of))
    _, first = np.unique(of[nearest_first], return_index=True)
    return np.asarray(nearest_first[first])
