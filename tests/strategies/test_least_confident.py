import numpy as np
import pytest

from tasks.domain.choosing import Candidates
from tasks.strategies.least_confident import LeastConfident


def scores(*probabilities):
    ids = np.array([f"item-{number}" for number in range(len(probabilities))], dtype=object)
    candidates = Candidates(ids, np.empty((len(ids), 0)), np.array(probabilities), tuple("abc"))
    return LeastConfident().score(candidates, 1, np.random.default_rng(0))


def test_is_one_minus_the_highest_probability():
    assert scores([0.1, 0.6, 0.3], [1.0, 0.0, 0.0]) == pytest.approx([0.4, 0.0])


def test_only_the_best_class_matters():
    assert scores([0.5, 0.5, 0.0]) == pytest.approx(scores([0.25, 0.5, 0.25]))


def test_reason_names_the_best_guess_and_the_next():
    reason = LeastConfident().reason(0.52, [("cat", 0.48), ("dog", 0.41)])
    assert reason == (
        "the best guess, 'cat', has a probability of 0.48, the next one, 'dog', of 0.41"
    )
