"""The laws of every learner."""

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from tasks import registry
from tasks.modeling import bundle

NAMES = registry.names("learners")
SHAPES = [(2, 2), (5, 3), (60, 2), (90, 3)]


def problem(n, c, seed=0):
    rng = np.random.default_rng(seed)
    kinds = np.arange(n) % c
    X = rng.normal(size=(n, 4))
    X[:, 0] += 4 * kinds
    return X, np.array([f"class {k}" for k in kinds], dtype=object)


@pytest.fixture(params=NAMES)
def learner(request):
    return registry.build("learners", request.param)


def test_is_a_frozen_dataclass_of_options(learner):
    assert dataclasses.is_dataclass(learner)
    assert type(learner).__dataclass_params__.frozen
    assert type(learner)(**dataclasses.asdict(learner)) == learner


def test_no_option_is_ignored(learner):
    standard = learner.estimator(0).get_params()
    for name, value in dataclasses.asdict(learner).items():
        if isinstance(value, int | float):
            changed = dataclasses.replace(learner, **{name: value + 1})
            assert changed.estimator(0).get_params() != standard, name


def test_makes_an_unfitted_classifier_that_can_be_cloned(learner):
    estimator = learner.estimator(0)
    assert is_classifier(estimator)
    assert clone(estimator).get_params() == estimator.get_params()
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)


@pytest.mark.parametrize(("n", "c"), SHAPES)
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_gives_probabilities_of_classes_named_by_strings(learner, n, c, kind):
    X, y = problem(n, c)
    fitted = learner.estimator(0).fit(kind(X), y)
    probabilities = fitted.predict_proba(kind(X))
    assert list(fitted.classes_) == sorted(set(y))
    assert probabilities.shape == (n, c)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize(("n", "c"), [(60, 2), (90, 3)])
def test_learns_what_is_easy(learner, n, c):
    fitted = learner.estimator(0).fit(*problem(n, c))
    X, y = problem(n, c, seed=1)
    assert (fitted.predict(X) == y).mean() > 0.8


def test_is_a_function_of_data_and_seed(learner):
    X, y = problem(60, 3)
    np.random.seed(1)
    one = learner.estimator(5).fit(X, y)
    np.random.seed(2)
    other = learner.estimator(5).fit(X, y)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert bundle.dump(one) == bundle.dump(other)


def test_can_be_stored_without_a_change(learner):
    X, y = problem(60, 3)
    fitted = learner.estimator(0).fit(X, y)
    loaded = bundle.parse(bundle.dump(fitted))
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
