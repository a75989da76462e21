import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from tasks.modeling import calibration

X, y = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(y))
X, y = X[order] / 16, y[order].astype(str).astype(object)


def plain():
    return LogisticRegression(max_iter=2000)


def test_calibration_lowers_the_loss_on_what_was_not_seen():
    raw = plain().fit(X[:300], y[:300])
    calibrated, reason = calibration.fit(plain(), X[:300], y[:300], seed=0)
    assert reason is None
    before, after = (log_loss(y[300:], m.predict_proba(X[300:])) for m in (raw, calibrated))
    assert after < 0.9 * before


def test_calibration_never_changes_the_prediction():
    raw = plain().fit(X[:300], y[:300])
    calibrated, _ = calibration.fit(plain(), X[:300], y[:300], seed=0)
    np.testing.assert_array_equal(raw.predict(X), calibrated.predict(X))


@pytest.mark.parametrize(("counts", "rarest"), [((5, 1), "b"), ((1, 1), "a"), ((4, 3, 1), "c")])
def test_a_class_with_a_single_label_forbids_it(counts, rarest):
    labels = np.repeat(np.array(list("abc"), dtype=object)[: len(counts)], counts)
    points = np.random.default_rng(0).normal(size=(len(labels), 2))
    model, reason = calibration.fit(plain(), points, labels, seed=0)
    assert reason == f"class {rarest!r} has a single label"
    assert isinstance(model, LogisticRegression)


@pytest.mark.parametrize("n", [2, 3, 30])
def test_without_a_mistake_nothing_becomes_certain(n):
    labels = np.repeat(np.array(["a", "b"], dtype=object), n)
    points = np.where(labels == "a", -1.0, 1.0)[:, None] + np.linspace(0, 0.1, 2 * n)[:, None]
    model, reason = calibration.fit(plain(), points, labels, seed=0)
    assert reason == "cross-validation found too few mistakes to calibrate by"
    assert model.predict_proba(points).max() < 1 - 1e-6


def test_two_labels_of_each_class_are_enough():
    rng = np.random.default_rng(3)
    labels = np.array(["a", "b"] * 2, dtype=object)
    _, reason = calibration.fit(plain(), rng.normal(size=(4, 3)), labels, seed=0)
    assert reason is None
