import numpy as np
import pytest

from tasks.domain.choosing import Candidates
from tasks.strategies.entropy import Entropy


def scores(*probabilities):
    ids = np.array([f"item-{number}" for number in range(len(probabilities))], dtype=object)
    rows = np.array(probabilities)
    candidates = Candidates(ids, np.empty((len(ids), 0)), rows, tuple("abcdef"[: rows.shape[1]]))
    return Entropy().score(candidates, 1, np.random.default_rng(0))


def test_is_highest_at_the_uniform_distribution_where_it_is_ln_c():
    uniform, skewed, sure = scores([0.25] * 4, [0.4, 0.2, 0.2, 0.2], [1.0, 0.0, 0.0, 0.0])
    assert uniform == pytest.approx(np.log(4))
    assert uniform > skewed > sure == 0


def test_known_value():
    assert scores([0.5, 0.25, 0.25]) == pytest.approx([1.5 * np.log(2)])


def test_a_class_without_probability_adds_nothing():
    assert scores([0.7, 0.3, 0.0]) == pytest.approx(scores([0.7, 0.3]))


def test_reason_names_entropy_and_classes():
    reason = Entropy().reason(1.234, [("cat", 0.48), ("dog", 0.41)])
    assert (
        reason == "the guesses have an entropy of 1.23 nats, with 'cat' (0.48) before 'dog' (0.41)"
    )
