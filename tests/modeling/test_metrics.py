import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from tasks.domain.randomness import generator
from tasks.modeling.metrics import measure, of_truth, predicted

CLASSES = ["a", "b", "c", "d"]


def measured(truth, probabilities, resamples=100, confidence=0.95, seed=0):
    return measure(
        np.array(truth, dtype=object),
        np.array(probabilities, dtype=float),
        CLASSES,
        resamples=resamples,
        confidence=confidence,
        rng=generator(seed, 0, "evaluate"),
    )


@st.composite
def outcomes(draw):
    n = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    known = draw(st.integers(1, 4))
    sharpness = draw(st.sampled_from([0.05, 1.0, 20.0]))
    probabilities = np.zeros((n, 4))
    probabilities[:, :known] = rng.dirichlet([sharpness] * known, size=n)
    return rng.choice(CLASSES, size=n).astype(object), probabilities


@settings(max_examples=50, deadline=None)
@given(outcomes())
def test_values_are_those_of_scikit_learn(case):
    truth, probabilities = case
    guess = predicted(probabilities, CLASSES)
    values = {name: entry["value"] for name, entry in measured(truth, probabilities).items()}
    assert values["accuracy"] == pytest.approx(peer.accuracy_score(truth, guess))
    assert values["macro_f1"] == pytest.approx(peer.f1_score(truth, guess, average="macro"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # on a class that no item has
        expected = peer.log_loss(truth, probabilities, labels=CLASSES)
    assert values["log_loss"] == pytest.approx(expected)
    for name in set(truth):
        recall = peer.recall_score(truth, guess, labels=[name], average="macro")
        assert values[f"recall/{name}"] == pytest.approx(recall)
    for name in set(guess):
        precision = peer.precision_score(truth, guess, labels=[name], average="macro")
        assert values[f"precision/{name}"] == pytest.approx(precision)


@settings(max_examples=50, deadline=None)
@given(outcomes())
def test_all_is_finite_and_shares_lie_between_0_and_1(case):
    truth, probabilities = case
    result = measured(truth, probabilities)
    for name, entry in result.items():
        assert all(np.isfinite(list(entry.values())))
        assert entry["low"] <= entry["high"]
        if name != "log_loss":
            assert 0 <= entry["low"] <= entry["high"] <= 1
    assert {n for n in result if n.startswith("recall/")} == {f"recall/{c}" for c in set(truth)}


def test_calibration_error_by_hand():
    # Nine of ten are right at 0.9: no error. All ten are right at 0.6: an error of 0.4.
    probabilities = [[0.9, 0.1, 0, 0]] * 10 + [[0.6, 0.4, 0, 0]] * 10
    result = measured(["a"] * 9 + ["b"] + ["a"] * 10, probabilities)
    assert result["expected_calibration_error"]["value"] == pytest.approx(0.2)


def test_the_first_of_equally_probable_classes_is_predicted():
    assert predicted(np.array([[0.2, 0.4, 0.4, 0.0]]), CLASSES).tolist() == ["b"]


def test_the_probability_of_the_truth():
    truth = np.array(["b", "d"], dtype=object)
    probabilities = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]])
    assert of_truth(truth, probabilities, CLASSES).tolist() == [0.2, 0.1]


def test_more_confidence_is_a_wider_interval_and_more_items_a_narrower():
    rng = np.random.default_rng(0)
    truth = rng.choice(CLASSES, size=400)
    probabilities = rng.dirichlet([1.0] * 4, size=400)

    def width(n, confidence):
        entry = measured(truth[:n], probabilities[:n], 1000, confidence)["accuracy"]
        return entry["high"] - entry["low"]

    assert width(400, 0.5) < width(400, 0.8) < width(400, 0.99)
    assert width(400, 0.95) == pytest.approx(width(100, 0.95) / 2, rel=0.3)


def test_resamples_are_the_same_however_many_fit_into_memory(monkeypatch):
    rng = np.random.default_rng(1)
    truth, probabilities = rng.choice(CLASSES, size=50), rng.dirichlet([1.0] * 4, size=50)
    whole = measured(truth, probabilities)
    monkeypatch.setattr("tasks.modeling.metrics.CELLS", 333)
    parts = measured(truth, probabilities)
    assert {n: pytest.approx(e) for n, e in whole.items()} == parts


def test_intervals_cover_the_true_accuracy():
    rng = np.random.default_rng(2)
    covered = {"accuracy": 0, "log_loss": 0, "recall/a": 0}
    expected = {"accuracy": 0.8, "log_loss": -0.8 * np.log(0.7) - 0.2 * np.log(0.1)}
    expected["recall/a"] = 0.8
    for seed in range(200):
        truth = rng.integers(4, size=150)
        guess = np.where(rng.random(150) < 0.8, truth, (truth + 1 + rng.integers(3, size=150)) % 4)
        probabilities = np.full((150, 4), 0.1)
        probabilities[np.arange(150), guess] = 0.7
        result = measured(np.array(CLASSES, dtype=object)[truth], probabilities, 300, 0.9, seed)
        for name, true in expected.items():
            covered[name] += result[name]["low"] <= true <= result[name]["high"]
    # 180 of 200 are expected, with a standard deviation of 4.2.
    assert all(160 <= count <= 197 for count in covered.values()), covered
