"""The batch is chosen for being difficult, and yet says something unbiased of all candidates."""

import numpy as np
import pytest

from tasks.domain.choosing import Candidates
from tasks.domain.randomness import generator
from tasks.selection import mix
from tasks.strategies.margin import Margin
from tasks.strategies.uniform import Uniform

N, FIXED, DRAWN, ROUNDS = 40, 6, 5, 4000


@pytest.fixture(scope="module")
def world():
    """Difficult items are wrong more often, so that a naive mean over the batch is biased."""
    rng = np.random.default_rng(5)
    difficulty = rng.random(N)
    return difficulty, 10 * difficulty + rng.random(N)


@pytest.fixture(scope="module")
def batches(world):
    difficulty, _ = world
    ids = np.array([f"item-{number}" for number in range(N)], dtype=object)
    candidates = Candidates(ids, np.empty((N, 0)), None, ("a", "b"))
    found = []
    for round_number in range(ROUNDS):
        rng = generator(11, round_number, "score/uniform")
        drawn = Uniform().score(candidates, DRAWN, rng)
        scored = [
            mix.Scored("margin", Margin(), FIXED, difficulty),
            mix.Scored("uniform", Uniform(), DRAWN, drawn),
        ]
        found.append(mix.select(scored, 0))
    return found


def test_items_are_asked_as_often_as_their_inclusion_probability_says(batches):
    often = np.zeros(N)
    for batch in batches:
        often[np.concatenate(list(batch.picked.values()))] += 1 / ROUNDS
    chance = batches[0].chance
    assert chance == DRAWN / (N - FIXED)
    always = batches[0].picked["margin"]
    assert len(always) == FIXED
    assert often[always] == pytest.approx(1.0)
    rest = np.delete(often, always)
    assert np.abs(rest - chance).max() < 4 * np.sqrt(chance * (1 - chance) / ROUNDS)


def test_horvitz_thompson_has_the_population_total_as_its_mean(world, batches):
    _, y = world
    estimates = np.array(
        [
            y[batch.picked["margin"]].sum() + y[batch.picked["uniform"]].sum() / batch.chance
            for batch in batches
        ]
    )
    error = estimates.std() / np.sqrt(ROUNDS)
    assert abs(estimates.mean() - y.sum()) < 4 * error
    naive = np.mean([y[np.concatenate(list(batch.picked.values()))].mean() for batch in batches])
    assert abs(N * naive - y.sum()) > 20 * error
