"""From labelled items to a model and its card."""

import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tasks import registry
from tasks.domain import randomness
from tasks.domain.arithmetic import one_thread
from tasks.modeling import calibration, training
from tasks.modeling import features as columns
from tasks.modeling.training import TrainingSet
from tasks.params import FeaturesParams, TrainParams

Card = dict[str, Any]


def fit(
    frame: pd.DataFrame,
    labels: pd.DataFrame,
    features: FeaturesParams,
    train: TrainParams,
    classes: Sequence[str],
    seed: int,
) -> tuple[Any | None, Card]:
    """Train the model of a set of labels; nothing of it depends on the round.

    Parameters
    ----------
    frame : DataFrame
        ``item_id`` and the feature columns, of the labelled items at least; in any order.
    labels : DataFrame
        ``item_id`` and ``label``; in any order. `training.usable` gives them.
    features, train : FeaturesParams, TrainParams
    classes : sequence of str
        All classes of the campaign, with labels or not.
    seed : int
        The campaign's.

    Returns
    -------
    sklearn.pipeline.Pipeline or None
        From feature columns to probabilities; None if fewer than two classes have a label.
    dict
        The model card: what the model is, and in ``reason`` why it is not fitted, or not
        calibrated.

    Raises
    ------
    DataError
        A labelled item is not in `frame`, its class is none of `classes`, or a value is not of
        its column's kind.
    """
    found = training.join(frame, labels, features, classes)
    card = _card(found, features, train, classes, seed)
    if len(found.present) < 2:
        return None, {**card, "reason": "fewer than 2 classes labelled"}
    model, reason = _fit(found, features, train, seed)
    calibrated = reason is None
    return model, {**card, "fitted": True, "calibrated": calibrated, "reason": reason}


def _fit(
    found: TrainingSet, features: FeaturesParams, train: TrainParams, seed: int
) -> tuple[Any, str | None]:
    from sklearn.pipeline import Pipeline

    learner = registry.build("learners", train.learner, train.options)
    estimator = learner.estimator(randomness.integer_seed(seed, 0, "train/learner"))
    transformer = columns.transformer(features)
    with one_thread(), warnings.catch_warnings():
        # scikit-learn takes many classes with few labels each for a regression problem.
        warnings.filterwarnings("ignore", "The number of unique classes is greater", UserWarning)
        # The columns see no label, so cross-validation need not begin before them.
        X = transformer.fit_transform(found.items)
        if train.calibrate:
            classifier, reason = calibration.fit(estimator, X, found.labels, seed)
        else:
            classifier, reason = estimator.fit(X, found.labels), "train.calibrate is off"
    return Pipeline([("features", transformer), ("classifier", classifier)]), reason


def _card(
    found: TrainingSet,
    features: FeaturesParams,
    train: TrainParams,
    classes: Sequence[str],
    seed: int,
) -> Card:
    return {
        "fitted": False,
        "reason": None,
        "classes": list(classes),
        "trained_classes": [name for name in classes if name in found.present],
        "features": features.model_dump(mode="json"),
        "learner": train.learner,
        "options": train.model_dump(mode="json")["options"],
        "calibrated": False,
        "n_labels": len(found.labels),
        "inputs": training.digest(found, features, train, classes, seed),
    }
