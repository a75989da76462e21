"""How often the intervals of the metrics hold the true value, in simulated holdouts.

Each scenario draws many holdouts from one population, whose true metrics are those of 400,000
items, and counts the intervals that lie wholly above or wholly below the truth. A 95% interval may
do each in 2.5% of them. The percentile bootstrap stands beside it for comparison.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.domain.choosing import Floats, Strings
from tasks.domain.metrics import OF_ALL
from tasks.modeling import intervals, metrics
from tasks.modeling.intervals import Resampling

LARGE, CONFIDENCE, RESAMPLES = 400_000, 0.95, 500
EDGES = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]


@dataclass(frozen=True)
class Population:
    """Items whose class is right with a probability that the model states, or overstates.

    Attributes
    ----------
    shares : sequence of float
        Of the classes.
    right : sequence of float
        The mean stated confidence in items of each class.
    spread : float
        Parameters of the beta distribution of confidence add up to this.
    overstated : float
        How much more is stated than holds.
    """

    name: str
    n: int
    shares: Sequence[float]
    right: Sequence[float]
    spread: float = 10.0
    overstated: float = 0.0

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(f"{number:02d}" for number in range(len(self.shares)))

    def draw(
        self, n: int, rng: np.random.Generator, models: int = 1
    ) -> tuple[Strings, list[Floats]]:
        """Draw items: their classes, and what some models say that share half of their errors."""
        c, shares = len(self.shares), np.array(self.shares, dtype=float)
        truth = rng.choice(c, size=n, p=shares / shares.sum())
        mean = np.array(self.right)[truth]
        stated = rng.beta(mean * self.spread, (1 - mean) * self.spread)
        stated = np.clip(stated, 1 / c + 1e-3, 1 - 1e-4)
        fate = rng.random(n)
        said = []
        for _ in range(models):
            own = np.where(rng.random(n) < 0.5, fate, rng.random(n))
            right = own < stated - self.overstated
            guess = np.where(right, truth, (truth + 1 + rng.integers(c - 1, size=n)) % c)
            probabilities = np.repeat(((1 - stated) / (c - 1))[:, None], c, axis=1)
            probabilities[np.arange(n), guess] = stated
            said.append(probabilities)
        return np.array(self.classes, dtype=object)[truth], said


POPULATIONS = (
    Population("2 classes, 98% right", 20, [1, 1], [0.98, 0.98], spread=20),
    Population("2 classes, 98% right", 50, [1, 1], [0.98, 0.98], spread=20),
    Population("2 classes, 82% right, overconfident", 100, [1, 1], [0.9, 0.9], overstated=0.08),
    Population("2 classes, 10% rare", 100, [9, 1], [0.97, 0.8]),
    Population("2 classes, 2% rare", 500, [98, 2], [0.99, 0.6]),
    Population("3 classes", 500, [3, 2, 1], [0.85, 0.8, 0.7]),
    Population("10 classes", 100, [1] * 10, [0.9] * 10),
    Population(
        "10 classes, Zipf", 200, [1 / k for k in range(1, 11)], np.linspace(0.95, 0.6, 10).tolist()
    ),
    Population("77 classes", 500, [1] * 77, [0.85] * 77),
)


@dataclass
class Count:
    """Intervals that missed."""

    metric: str
    population: str
    n: int
    truth: float
    above: float = 0.0
    below: float = 0.0
    width: float = 0.0
    bootstrap: float = 0.0

    def add(self, interval: dict[str, float], old: tuple[float, float], part: float) -> None:
        """Count one, which is a part of all repetitions."""
        low, high = interval["low"], interval["high"]
        self.above += part * (low > self.truth + 1e-12)
        self.below += part * (high < self.truth - 1e-12)
        self.width += part * (high - low)
        self.bootstrap += part * (old[0] > self.truth + 1e-12 or old[1] < self.truth - 1e-12)


def singles(population: Population, repetitions: int) -> list[Count]:
    """Measure one model."""
    rng = np.random.default_rng(1)
    truth, (said,) = population.draw(LARGE, rng)
    true = metrics.values(metrics.score(truth, said, population.classes))
    counts = {m: Count(m, population.name, population.n, true[m]) for m in OF_ALL}
    for number in range(repetitions):
        truth, (said,) = population.draw(population.n, rng)
        resampling = Resampling(RESAMPLES, CONFIDENCE, number)
        found = intervals.measure(truth, said, population.classes, resampling)
        old = percentiles([metrics.score(truth, said, population.classes)], lambda one: one[0], rng)
        for name, count in counts.items():
            count.add(found[name], old[name], 1 / repetitions)
    return list(counts.values())


def pairs(population: Population, repetitions: int) -> list[Count]:
    """Compare two models that are equally good."""
    rng = np.random.default_rng(2)
    counts = {m: Count(f"gain of {m}", population.name, population.n, 0.0) for m in OF_ALL}
    for number in range(repetitions):
        truth, (now, before) = population.draw(population.n, rng, models=2)
        resampling = Resampling(RESAMPLES, CONFIDENCE, number)
        found = intervals.gain(truth, now, before, population.classes, resampling)
        scored = [metrics.score(truth, one, population.classes) for one in (now, before)]
        old = percentiles(scored, lambda two: two[0] - two[1], rng)
        for name, count in counts.items():
            count.add(found[name], old[name], 1 / repetitions)
    return list(counts.values())


def percentiles(
    scored: list[metrics.Scored], of: Callable[[list[Any]], Any], rng: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """Give the ends of the ordinary percentile bootstrap."""
    n = len(scored[0].columns)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(float)
    drawn = [metrics.from_sums(one, weights @ one.columns) for one in scored]
    ends = {}
    for name in OF_ALL:
        low, high = np.quantile(of([one[name] for one in drawn]), EDGES)
        ends[name] = (float(low), float(high))
    return ends


def rows(repetitions: int) -> Iterator[Count]:
    """Go through all scenarios."""
    for population in POPULATIONS:
        yield from singles(population, repetitions)
    for population in POPULATIONS:
        yield from pairs(population, repetitions)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.json:
        print(json.dumps([vars(count) for count in rows(given.repetitions)]))
        return
    print("| metric | holdout | n | truth | above | below | both | bootstrap | width |")
    print("|---|---|---|---|---|---|---|---|---|")
    for one in rows(given.repetitions):
        missed = f"{one.above:.1%} | {one.below:.1%} | {one.above + one.below:.1%}"
        print(
            f"| {one.metric} | {one.population} | {one.n} | {one.truth:.3f} | {missed} "
            f"| {one.bootstrap:.1%} | {one.width:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
