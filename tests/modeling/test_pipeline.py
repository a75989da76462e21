import json

import numpy as np
import pandas as pd
import pytest

from tasks.modeling import bundle, pipeline
from tasks.params import FeaturesParams, TrainParams

LOGISTIC = TrainParams(learner="logistic_regression")


@pytest.fixture(params=["logistic_regression", "lightgbm"])
def train(request):
    return TrainParams(learner=request.param)


def test_learns_what_the_labels_say(pool, labels, features, classes, train):
    model, card = pipeline.fit(pool, labels, features, train, classes, 0)
    rest = pool.iloc[60:]
    guess = bundle.predict_proba(model, rest, classes).argmax(axis=1)
    assert (np.array(classes)[guess] == rest["label"]).mean() > 0.7
    assert card["fitted"] is True


def test_a_class_without_labels_has_probability_zero(pool, labels, features, classes, train):
    model, card = pipeline.fit(pool, labels, features, train, classes, 0)
    probabilities = bundle.predict_proba(model, pool, classes)
    assert (probabilities[:, classes.index("yak")] == 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert card["trained_classes"] == ["cat", "dog", "owl"]


def test_columns_follow_the_order_of_the_classes(pool, labels, features, classes, train):
    model, _ = pipeline.fit(pool, labels, features, train, classes, 0)
    straight = bundle.predict_proba(model, pool, classes)
    turned = bundle.predict_proba(model, pool, classes[::-1])
    np.testing.assert_array_equal(turned[:, ::-1], straight)


def test_order_of_rows_changes_no_bit(pool, labels, features, classes, train):
    one, card = pipeline.fit(pool, labels, features, train, classes, 0)
    shuffled, turned = pool.sample(frac=1, random_state=1), labels.iloc[::-1]
    other, other_card = pipeline.fit(shuffled, turned, features, train, classes, 0)
    assert bundle.dump(one) == bundle.dump(other)
    assert card == other_card


@pytest.mark.parametrize("names", [[], ["cat"], ["cat", "cat", "cat"]])
def test_fewer_than_two_classes_are_no_model(pool, features, classes, names):
    labels = pd.DataFrame({"item_id": [f"i{n:03d}" for n in range(len(names))], "label": names})
    model, card = pipeline.fit(pool, labels, features, LOGISTIC, classes, 0)
    assert model is None
    assert card["fitted"] is card["calibrated"] is False
    assert card["reason"] == "fewer than 2 classes labelled"
    assert card["n_labels"] == len(names)


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_hardly_any_labels_are_enough(pool, features, classes, train, n):
    labels = pool.drop_duplicates("label")[["item_id", "label"]].head(2)
    labels = pd.concat([labels, pool[["item_id", "label"]]]).drop_duplicates("item_id").head(n)
    model, card = pipeline.fit(pool, labels, features, train, classes, 0)
    assert card["fitted"]
    assert np.isfinite(bundle.predict_proba(model, pool, classes)).all()


def test_many_classes_with_one_label_each_are_classes(recwarn):
    names = [f"class{n}" for n in range(26)]
    pool = pd.DataFrame({"item_id": names, "x": np.arange(26.0)})
    labels = pd.DataFrame({"item_id": names, "label": names})
    only = FeaturesParams(numeric=["x"])
    _, card = pipeline.fit(pool, labels, only, LOGISTIC, names, 0)
    assert card["fitted"]
    assert not recwarn.list


def test_the_card_says_what_the_model_is(pool, labels, features, classes):
    train = TrainParams(learner="logistic_regression", options={"C": 2.0})
    _, card = pipeline.fit(pool, labels, features, train, classes, 7)
    assert json.loads(json.dumps(card)) == card
    assert len(card.pop("inputs")) == 64
    assert card == {
        "fitted": True,
        "reason": None,
        "classes": ["cat", "dog", "owl", "yak"],
        "trained_classes": ["cat", "dog", "owl"],
        "features": features.model_dump(),
        "learner": "logistic_regression",
        "options": {"C": 2.0},
        "calibrated": True,
        "n_labels": 60,
    }


def test_the_card_says_why_it_is_not_calibrated(pool, labels, features, classes):
    off = LOGISTIC.model_copy(update={"calibrate": False})
    _, card = pipeline.fit(pool, labels, features, off, classes, 0)
    assert (card["calibrated"], card["reason"]) == (False, "train.calibrate is off")


def test_the_seed_changes_the_folds_and_only_they(pool, labels, features, classes):
    one, other = (
        pipeline.fit(pool, labels, features, LOGISTIC, classes, seed)[0] for seed in (0, 1)
    )
    probabilities = [bundle.predict_proba(m, pool, classes) for m in (one, other)]
    assert (probabilities[0] != probabilities[1]).any()
    np.testing.assert_array_equal(*(p.argmax(axis=1) for p in probabilities))


def test_frames_may_hold_more_than_is_needed(pool, labels, features, classes):
    wide = pool.assign(metadata="x")
    one, card = pipeline.fit(wide, labels.assign(role="query"), features, LOGISTIC, classes, 0)
    other, other_card = pipeline.fit(pool, labels, features, LOGISTIC, classes, 0)
    assert card == other_card
    np.testing.assert_array_equal(
        bundle.predict_proba(one, wide, classes), bundle.predict_proba(other, pool, classes)
    )
