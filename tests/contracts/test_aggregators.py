"""The laws of `tasks.domain.ports.Aggregator`, for every aggregator there is."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import registry

CLASSES = ("cedar", "ash", "birch")
COLUMNS = ["item_id", "annotator_id", "label"]

answers = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 3)), st.sampled_from(CLASSES), max_size=16
).map(
    lambda given: pd.DataFrame(
        [(f"item-{item}", f"person-{who}", label) for (item, who), label in given.items()],
        columns=COLUMNS,
    )
)
known = st.dictionaries(st.integers(0, 6).map("item-{}".format), st.sampled_from(CLASSES))
every = pytest.mark.parametrize("name", registry.names("aggregators"))
few = settings(max_examples=12, deadline=None)


def aggregate(name, frame, classes=CLASSES, known=None):
    return registry.build("aggregators", name).aggregate(frame, classes, known or {}).labels


@every
@few
@given(frame=answers, known=known)
def test_every_item_gets_one_label_and_unanimous_answers_win(name, frame, known):
    before, before_known = frame.copy(), dict(known)
    labels = aggregate(name, frame, known=known)
    assert list(labels.columns) == ["item_id", "label", "confidence"]
    assert sorted(labels["item_id"]) == sorted(set(frame["item_id"]))
    assert labels["confidence"].between(0, 1).all()
    assert set(labels["label"]) <= set(CLASSES)
    proposed = frame.groupby("item_id")["label"].agg(set)
    for item_id, label in zip(labels["item_id"], labels["label"], strict=True):
        assert len(proposed[item_id]) > 1 or label in proposed[item_id]
    pd.testing.assert_frame_equal(frame, before)
    assert known == before_known


@every
@few
@given(frame=answers, known=known, data=st.data())
def test_the_order_of_the_answers_does_not_matter_to_the_last_bit(name, frame, known, data):
    order = data.draw(st.permutations(range(len(frame))))
    shuffled = frame.iloc[list(order)].set_axis([7] * len(frame))
    backwards = dict(reversed(known.items()))
    pd.testing.assert_frame_equal(
        aggregate(name, shuffled, known=backwards),
        aggregate(name, frame, known=known),
        check_exact=True,
    )


@every
@few
@given(frame=answers, known=known)
def test_known_items_that_nobody_answered_change_nothing(name, frame, known):
    more = known | {"item-never-asked": CLASSES[0]}
    pd.testing.assert_frame_equal(
        aggregate(name, frame, known=more), aggregate(name, frame, known=known), check_exact=True
    )


@every
@pytest.mark.parametrize("classes", [CLASSES, CLASSES[::-1]])
def test_a_tie_goes_to_the_class_that_comes_first(name, classes):
    rows = [
        (f"item-{n}", who, label)
        for n in range(4)
        for who, label in (("ann", "ash"), ("bob", "birch"))
    ]
    labels = aggregate(name, pd.DataFrame(rows, columns=COLUMNS), classes)
    first = min(("ash", "birch"), key=classes.index)
    assert set(labels["label"]) == {first}


@every
def test_no_answers_give_no_labels(name):
    labels = aggregate(name, pd.DataFrame({column: [] for column in COLUMNS}))
    assert list(labels.columns) == ["item_id", "label", "confidence"]
    assert labels.empty
