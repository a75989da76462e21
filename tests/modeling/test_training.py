import numpy as np
import pandas as pd
import pytest

from tasks.domain.errors import DataError
from tasks.modeling import training
from tasks.params import TrainParams

TRAIN = TrainParams(learner="logistic_regression")


@pytest.fixture
def digest(pool, labels, features, classes):
    def of(pool=pool, labels=labels, features=features, train=TRAIN, classes=classes, seed=0):
        found = training.join(pool, labels, features, classes)
        return training.digest(found, features, train, classes, seed)

    return of


def test_only_trustworthy_labels_of_the_pool_are_used():
    table = pd.DataFrame(
        [(role, status) for role in ("query", "requeue", "seed", "gold", "holdout")
         for status in ("labelled", "low_confidence", "returned")],
        columns=["role", "status"],
    )  # fmt: skip
    table["item_id"] = table["role"] + "/" + table["status"]
    table["label"] = "x"
    kept = training.usable(table)["item_id"].tolist()
    assert kept == ["query/labelled", "requeue/labelled", "seed/labelled"]


def test_names_the_items_that_left_the_pool(pool, labels, features, classes):
    gone = sorted(labels["item_id"])[:7]
    left = pool[~pool["item_id"].isin(gone)]
    with pytest.raises(DataError, match=rf"item_id {', '.join(gone[:5])}, ….*7 item.*no longer"):
        training.join(left, labels, features, classes)


def test_names_the_item_of_an_unknown_class(pool, features, classes):
    labels = pd.DataFrame({"item_id": ["i001", "i002"], "label": ["cat", "cow"]})
    with pytest.raises(DataError, match=r"i002.*campaign\.classes"):
        training.join(pool, labels, features, classes)


def test_digest_does_not_depend_on_order_or_on_unlabelled_items(pool, labels, digest):
    shuffled = pool.sample(frac=1, random_state=1)
    assert digest(pool=shuffled, labels=labels.iloc[::-1]) == digest()
    assert digest(pool=pool[pool["item_id"].isin(labels["item_id"])]) == digest()


@pytest.mark.parametrize("column", ["weight", "home", "note", "vector", "photo"])
def test_digest_depends_on_every_value(pool, labels, digest, column):
    position = pool.index[pool["item_id"] == labels["item_id"].iloc[3]][0]
    changed = pool.copy()
    changed[column] = changed[column].astype(object)
    value = changed.at[position, column]
    changed.at[position, column] = value + (b"x" if column == "photo" else "x" if column in ("home", "note") else 1.0)  # fmt: skip # noqa: E501
    assert digest(pool=changed) != digest()


def test_digest_depends_on_everything_else(labels, features, classes, digest):
    relabelled = labels.assign(label=["cat", *labels["label"].iloc[1:]])
    fewer = features.model_copy(update={"text": []})
    all_of_them = {
        digest(),
        digest(labels=relabelled),
        digest(labels=labels.iloc[1:]),
        digest(features=fewer),
        digest(train=TRAIN.model_copy(update={"options": {"C": 2.0}})),
        digest(train=TRAIN.model_copy(update={"calibrate": False})),
        digest(classes=[*classes, "zebra"]),
        digest(seed=1),
    }
    assert len(all_of_them) == 8


def test_digest_tells_lists_apart_by_where_they_end(digest, pool):
    def with_first_two(one, two):
        vectors = pool["vector"].tolist()
        return digest(pool=pool.assign(vector=[np.array(one), np.array(two), *vectors[2:]]))

    assert with_first_two([1.0, 2.0], [3.0]) != with_first_two([1.0], [2.0, 3.0])
