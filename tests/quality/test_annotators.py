import itertools

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.quality import annotators

ANSWERS = pd.DataFrame(
    [
        ("ann", "i1", "query", "x", 4.0),
        ("ann", "i2", "query", "y", 8.0),
        ("ann", "g1", "gold", "x", 6.0),
        ("bob", "i1", "query", "x", None),
        ("bob", "i2", "query", "x", None),
        ("cat", "i3", "query", "y", 1.0),
    ],
    columns=["annotator_id", "item_id", "role", "label", "seconds"],
).assign(
    seconds=lambda frame: frame["seconds"].astype(float),
    answer_id=lambda frame: [f"a{number}" for number in range(len(frame))],
    round=0,
)
GOLD = pd.DataFrame({"item_id": ["g1"], "label": ["x"]})


def test_each_annotator_is_described():
    table = annotators.table(ANSWERS, GOLD).set_index("annotator_id")
    ann, bob, cat = (table.loc[name] for name in ("ann", "bob", "cat"))
    assert (ann.n_answers, ann.n_gold, ann.gold_accuracy) == (3, 1, 1.0)
    assert (ann.agreement, ann.median_seconds) == (0.5, 6.0)
    assert (bob.n_answers, bob.n_gold, bob.agreement) == (2, 0, 0.5)
    assert pd.isna(bob.gold_accuracy)
    assert pd.isna(bob.median_seconds)
    assert pd.isna(cat.agreement)


def test_nobody_is_an_empty_table():
    assert annotators.table(ANSWERS.iloc[:0], GOLD).empty


def answers(*rows):
    frame = pd.DataFrame(rows, columns=["item_id", "annotator_id", "label"])
    return frame.assign(round=0, answer_id=[f"a{n:02}" for n in range(len(rows))])


def test_where_the_others_are_divided_a_part_counts():
    frame = answers(("i", "ann", "x"), ("i", "bob", "x"), ("i", "cat", "y"), ("i", "dan", "z"))
    assert annotators.agreement(frame).round(9).to_dict() == {
        "ann": pytest.approx(1 / 3),
        "bob": pytest.approx(1 / 3),
        "cat": 0.0,
        "dan": 0.0,
    }


def by_hand(frame):
    found = {}
    for row in frame.itertuples():
        others = frame[
            (frame["item_id"] == row.item_id) & (frame["annotator_id"] != row.annotator_id)
        ]
        if len(others):
            votes = others["label"].value_counts()
            first = set(votes.index[votes == votes.max()])
            part = (row.label in first) / len(first)
            found.setdefault(row.annotator_id, []).append(part)
    return {name: pytest.approx(sum(parts) / len(parts)) for name, parts in found.items()}


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ijk"), st.sampled_from("abcde")), st.sampled_from("xyz")
    )
)
def test_it_is_what_a_label_without_the_annotators_own_answer_says(given):
    frame = answers(*((item, who, label) for (item, who), label in given.items()))
    assert annotators.agreement(frame).to_dict() == by_hand(frame)


def test_an_annotator_who_guesses_agrees_by_chance():
    """Two answers an item: with their own among them, half of a guesser's would be in the label."""
    pairs = itertools.product(range(50), "xy", "xy")
    rows = [
        row
        for n, guess, truth in pairs
        for row in (
            (f"{n}{guess}{truth}", "ann", truth),
            (f"{n}{guess}{truth}", "guesser", guess),
        )
    ]
    assert annotators.agreement(answers(*rows))["guesser"] == 0.5
