import numpy as np
import pytest

from tasks.domain.choosing import Candidates
from tasks.strategies.margin import Margin


def scores(*probabilities):
    ids = np.array([f"item-{number}" for number in range(len(probabilities))], dtype=object)
    rows = np.array(probabilities)
    classes = tuple("abcdef"[: rows.shape[1]])
    candidates = Candidates(ids, np.empty((len(ids), 0)), rows, classes)
    return Margin().score(candidates, 1, np.random.default_rng(0))


def test_is_one_minus_the_gap_between_the_two_best():
    assert scores([0.1, 0.6, 0.3], [0.5, 0.0, 0.5]) == pytest.approx([0.7, 1.0])


def test_a_sure_model_scores_zero():
    assert scores([0.0, 1.0, 0.0, 0.0]) == pytest.approx([0.0])


def test_two_classes():
    assert scores([0.9, 0.1], [0.45, 0.55]) == pytest.approx([0.2, 0.9])


def test_the_third_class_does_not_matter():
    assert scores([0.4, 0.3, 0.3, 0.0]) == pytest.approx(scores([0.4, 0.3, 0.15, 0.15]))


def test_reason_names_both_classes_and_their_distance():
    reason = Margin().reason(0.93, [("cat", 0.48), ("dog", 0.41)])
    assert reason == "the two best guesses, 'cat' (0.48) and 'dog' (0.41), are 0.07 apart"
