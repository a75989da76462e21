import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from tasks.domain.metrics import names
from tasks.modeling.intervals import Resampling, gain, measure
from tasks.modeling.metrics import of_truth, predicted

CLASSES = ["a", "b", "c", "d"]


def measured(truth, probabilities, resamples=100, confidence=0.95, seed=0):
    return measure(
        np.array(truth, dtype=object),
        np.array(probabilities, dtype=float),
        CLASSES,
        Resampling(resamples, confidence, seed),
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
        warnings.simplefilter("ignore", UserWarning)  # on a class that is predicted and not true
        balanced = peer.balanced_accuracy_score(truth, guess)
    assert values["balanced_accuracy"] == pytest.approx(balanced)
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
        assert entry["low"] <= entry["value"] <= entry["high"]
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
    monkeypatch.setattr("tasks.modeling.intervals.CELLS", 333)
    parts = measured(truth, probabilities)
    assert {n: pytest.approx(e) for n, e in whole.items()} == parts


def easy(n, right, rng):
    """Draw items of two classes, of which a share is right, at a stated confidence as high."""
    which = rng.integers(2, size=n)
    guess = np.where(rng.random(n) < right, which, 1 - which)
    probabilities = np.zeros((n, 4))
    probabilities[np.arange(n), guess] = right
    probabilities[np.arange(n), 1 - guess] = 1 - right
    return np.array(CLASSES, dtype=object)[which], probabilities


def test_twenty_right_of_twenty_prove_little():
    truth = np.array(CLASSES[:2] * 10, dtype=object)
    probabilities = np.eye(4)[[0, 1] * 10] * 0.96 + 0.01
    result = measured(truth, probabilities, 1000)
    assert result["accuracy"]["low"] == pytest.approx(0.8389, abs=1e-4)
    assert result["recall/a"]["low"] == pytest.approx(0.7225, abs=1e-4)
    for name in ("balanced_accuracy", "macro_f1"):
        assert result[name]["value"] == result[name]["high"] == 1
        assert 0.75 < result[name]["low"] < 0.9
    assert result["log_loss"]["high"] > 3 * result["log_loss"]["value"]


def test_models_that_agree_on_few_items_are_not_known_to_be_alike():
    truth, said = easy(20, 0.9, np.random.default_rng(0))
    result = gain(truth, said, said, CLASSES, Resampling(1000, 0.95, 0))
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        assert result[name]["value"] == 0
        assert -0.25 < result[name]["low"] < -0.05
        assert 0.05 < result[name]["high"] < 0.25


def test_a_gain_of_one_is_a_loss_of_the_other():
    rng = np.random.default_rng(1)
    truth, now = easy(200, 0.9, rng)
    before = easy(200, 0.6, rng)[1]
    resampling = Resampling(400, 0.95, 0)
    there, back = (
        gain(truth, a, b, CLASSES, resampling) for a, b in [(now, before), (before, now)]
    )
    for name in ("accuracy", "macro_f1", "log_loss"):
        assert there[name]["value"] == pytest.approx(-back[name]["value"])
        width = there[name]["high"] - there[name]["low"]
        assert back[name]["high"] - back[name]["low"] == pytest.approx(width, rel=0.15)


def test_pairs_have_narrower_intervals_than_two_models_apart():
    rng = np.random.default_rng(2)
    truth, now = easy(300, 0.9, rng)
    before = now.copy()
    before[:6] = before[:6, [1, 0, 2, 3]]
    paired = gain(truth, now, before, CLASSES, Resampling(500, 0.95, 0))["accuracy"]
    alone = measured(truth, now, 500)["accuracy"]
    assert paired["high"] - paired["low"] < 0.6 * (alone["high"] - alone["low"])


NAMES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "expected_calibration_error")


def test_intervals_hold_the_truth_on_a_small_and_easy_holdout():
    """At n = 50 and p = 0.98 an ordinary bootstrap lies above the truth in 38 of 100."""
    loss = -0.98 * np.log(0.98) - 0.02 * np.log(0.02)
    true = dict.fromkeys(NAMES[:3], 0.98) | {"log_loss": loss, "expected_calibration_error": 0.0}
    above, below = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0)
    rng = np.random.default_rng(3)
    for seed in range(300):
        result = measured(*easy(50, 0.98, rng), 200, seed=seed)
        for name in NAMES:
            above[name] += result[name]["low"] > true[name] + 1e-12
            below[name] += result[name]["high"] < true[name] - 1e-12
    # 7.5 of 300 are nominal on either side. Three wrong of 50 have a probability of 0.08, and no
    # interval of a share can lie closer to the nominal there: 0.6 to 7.8% of Wilson's lie below.
    assert all(count <= 15 for count in above.values()), above
    assert all(count <= 33 for count in below.values()), below


def test_intervals_of_pairs_hold_the_truth():
    above, below = dict.fromkeys(NAMES[:3], 0), dict.fromkeys(NAMES[:3], 0)
    rng = np.random.default_rng(4)
    for seed in range(300):
        truth, now = easy(100, 0.9, rng)
        flipped = rng.random(100) < 0.04
        before = np.where(flipped[:, None], now[:, [1, 0, 2, 3]], now)
        # Of 4% that change 90% get worse: 3.2% in expectation.
        result = gain(truth, now, before, CLASSES, Resampling(200, 0.95, seed))
        for name in above:
            above[name] += result[name]["low"] > 0.032 + 1e-12
            below[name] += result[name]["high"] < 0.032 - 1e-12
    assert all(count <= 18 for count in above.values()), above
    assert all(count <= 18 for count in below.values()), below


def test_intervals_cover_the_truth_where_there_is_much_to_go_by():
    rng = np.random.default_rng(2)
    covered = {"accuracy": 0, "log_loss": 0, "recall/a": 0, "macro_f1": 0}
    expected = {"accuracy": 0.8, "log_loss": -0.8 * np.log(0.7) - 0.2 * np.log(0.1)}
    expected |= {"recall/a": 0.8, "macro_f1": 0.8}
    for seed in range(200):
        truth = rng.integers(4, size=150)
        guess = np.where(rng.random(150) < 0.8, truth, (truth + 1 + rng.integers(3, size=150)) % 4)
        probabilities = np.full((150, 4), 0.1)
        probabilities[np.arange(150), guess] = 0.7
        result = measured(np.array(CLASSES, dtype=object)[truth], probabilities, 300, 0.9, seed)
        for name, true in expected.items():
            covered[name] += result[name]["low"] <= true <= result[name]["high"]
    # 180 of 200 are expected, with a standard deviation of 4.2.
    assert all(165 <= count <= 199 for count in covered.values()), covered


def test_the_names_that_stop_rules_may_use_are_those_that_are_measured():
    truth = ["a", "b", "c", "d"]
    found = measured(truth, np.eye(4))
    assert sorted(found) == sorted(names(CLASSES))
