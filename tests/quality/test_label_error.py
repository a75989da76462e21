import numpy as np
import pandas as pd
import pytest

from tasks.quality.label_error import estimate, plurality_errors, scaled


def labels(*confidences, n_answers=3):
    return pd.DataFrame({"confidence": confidences, "n_answers": n_answers})


def golden(*said):
    """Make gold items of the class a, each with the answers that are given as letters."""
    rows = [
        {"item_id": f"g{k}", "role": "gold", "label": one, "answer_id": f"{k}-{n}"}
        for k, text in enumerate(said)
        for n, one in enumerate(text)
    ]
    gold = pd.DataFrame({"item_id": [f"g{k}" for k in range(len(said))], "label": "a"})
    return pd.DataFrame(rows, columns=["item_id", "role", "label", "answer_id"]), gold


def test_without_gold_the_labels_say_it_themselves():
    found = estimate(labels(0.9, 0.7, 1.0), *golden(), 0.95)
    assert found.value == pytest.approx(0.4 / 3)
    np.testing.assert_allclose(found.doubts, [0.1, 0.3, 0.0])
    assert found.low <= found.value <= found.high


def test_gold_holds_labels_that_are_too_sure():
    found = estimate(labels(*[1.0] * 50), *golden(*["abb"] * 20, *["aaa"] * 20), 0.95)
    assert 0.3 < found.low == found.value < 0.5 < found.high
    np.testing.assert_allclose(found.doubts, found.value)


def test_a_plurality_is_taken_of_as_many_answers_as_labels_have():
    wrong = plurality_errors(*golden("aab", "ab", "abc", "bbb"), 3)
    np.testing.assert_allclose(wrong, [0, 2 / 3, 1])
    # Of aab two answers agree once in three; the others are ties.
    np.testing.assert_allclose(plurality_errors(*golden("aab"), 2), [1 / 3])


@pytest.mark.parametrize("mean", [0.05, 0.2, 0.6])
def test_scaled_doubts_have_the_mean_and_stay_probabilities(mean):
    found = scaled(np.array([0.0, 0.1, 0.5]), mean)
    assert found.mean() == pytest.approx(mean)
    assert found.min() >= 0
    assert found.max() <= 1
