import numpy as np

from tasks.domain.choosing import Candidates
from tasks.strategies.uniform import Uniform

N, TAKEN, DRAWS = 12, 3, 6000


def test_every_subset_is_equally_likely():
    ids = np.array([f"item-{number:02}" for number in range(N)], dtype=object)
    candidates = Candidates(ids, np.empty((N, 0)), None, ("a", "b"))
    drawn = np.zeros((N, N))
    for seed in range(DRAWS):
        scores = Uniform().score(candidates, TAKEN, np.random.default_rng(seed))
        top = np.argsort(-scores)[:TAKEN]
        drawn[np.ix_(top, top)] += 1 / DRAWS
    each, pair = TAKEN / N, TAKEN * (TAKEN - 1) / (N * (N - 1))
    alone = np.diagonal(drawn)
    together = drawn[~np.eye(N, dtype=bool)]
    assert np.abs(alone - each).max() < 4.5 * np.sqrt(each * (1 - each) / DRAWS)
    assert np.abs(together - pair).max() < 4.5 * np.sqrt(pair * (1 - pair) / DRAWS)


def test_reason_with_and_without_a_model():
    drawn = "it was drawn at random, for estimates without bias"
    assert Uniform().reason(0.9, []) == drawn
    assert Uniform().reason(0.9, [("cat", 0.48), ("dog", 0.41)]) == (
        f"{drawn}; the model's guesses are 'cat' (0.48) and 'dog' (0.41)"
    )
