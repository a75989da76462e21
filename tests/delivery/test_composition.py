import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.delivery import composition
from tasks.delivery.composition import Policy
from tasks.domain import tables

POLICY = Policy(redundancy=2, gold=0.1, max_answers=5)


def sent(*rows):
    """Give rows of item, role, first copy, copies, round and, if any, withdrawn and rejected."""
    columns = ["item_id", "role", "copy", "copies", "round", "withdrawn", "rejected"]
    frame = pd.DataFrame([(*row, *(0, False)[len(row) - 5 :]) for row in rows], columns=columns)
    return frame.astype(dict.fromkeys(columns[2:6], "int64"))


def in_order():
    """Give a generator that starts alike whenever it is asked for."""
    return np.random.default_rng(11)


def rows(frame):
    return list(frame.itertuples(index=False, name=None))


def test_a_new_item_is_asked_as_often_as_redundancy_says():
    assert rows(composition.queries(["a", "b"], sent(), POLICY)) == [
        ("a", "query", 1, 2),
        ("b", "query", 1, 2),
    ]


@pytest.mark.parametrize(
    ("before", "next_ones"),
    [(0, [(1, 2)]), (2, [(3, 2)]), (4, [(5, 1)]), (5, []), (7, [])],
)
def test_an_item_that_came_back_counts_on_to_the_most(before, next_ones):
    history = sent(*[("a", "query", 1, before, 0)] * bool(before))
    found = composition.queries(["a"], history, POLICY)
    assert list(zip(found["copy"], found["copies"], strict=True)) == next_ones


def test_what_was_withdrawn_may_be_asked_again_of_others():
    history = sent(("a", "query", 1, 5, 0, 4))
    assert rows(composition.queries(["a"], history, POLICY)) == [("a", "query", 6, 2)]


def test_redundancy_may_be_more_than_the_most_answers():
    policy = Policy(redundancy=3, gold=0, max_answers=1)
    assert composition.queries(["a"], sent(), policy)["copies"].tolist() == [3]


def test_an_uncertain_item_is_asked_once_more_in_its_own_role():
    labels = pd.DataFrame(
        [
            ("a", "low_confidence", "query"),
            ("b", "labelled", "query"),
            ("c", "returned", "query"),
            ("h", "low_confidence", "holdout"),
            ("z", "low_confidence", "query"),
        ],
        columns=["item_id", "status", "role"],
    )
    history = sent(
        ("a", "query", 1, 2, 0),
        ("a", "requeue", 3, 1, 1),
        ("h", "holdout", 1, 2, 0),
        ("z", "query", 1, 5, 0),
    )
    assert rows(composition.requeues(labels, history, POLICY)) == [
        ("a", "requeue", 4, 1),
        ("h", "holdout", 3, 1),
    ]


def test_the_holdout_is_bought_where_its_class_is_not_known():
    holdout = pd.DataFrame({"item_id": ["b", "a", "c"], "label": [None, None, "x"]})
    assert rows(composition.holdouts(holdout, sent(), POLICY, in_order())) == [
        ("a", "holdout", 1, 2),
        ("b", "holdout", 1, 2),
    ]


def test_the_holdout_is_bought_in_parts_that_do_not_overlap_until_all_is():
    holdout = pd.DataFrame({"item_id": list("abcdefgh"), "label": ["x", *[None] * 7]})
    policy, history, parts = Policy(2, 0, 5, holdout=3), [], []
    while len(part := composition.holdouts(holdout, sent(*history), policy, in_order())):
        history += [(item, "holdout", 1, 2, len(parts)) for item in part["item_id"]]
        parts.append(part["item_id"].tolist())
    assert [len(part) for part in parts] == [3, 3, 1]
    assert sorted(item for part in parts for item in part) == list("bcdefgh")
    # The first parts of one order are a random sample: which items they have depends on nothing
    # that is known of the items, and more in a round is the same order, further on.
    more = composition.holdouts(holdout, sent(), Policy(2, 0, 5, holdout=6), in_order())
    assert set(more["item_id"]) == {*parts[0], *parts[1]}


def test_every_item_of_the_holdout_comes_first_as_often_as_the_others():
    holdout = pd.DataFrame({"item_id": list("abcd"), "label": [None] * 4})
    policy = Policy(1, 0, 5, holdout=1)
    drawn = pd.Series(
        [
            composition.holdouts(holdout, sent(), policy, np.random.default_rng(seed)).item_id[0]
            for seed in range(800)
        ]
    )
    assert drawn.value_counts().between(150, 250).all()


def test_a_holdout_item_that_was_withdrawn_is_bought_again_and_a_rejected_one_is_not():
    holdout = pd.DataFrame({"item_id": ["a", "b", "c"], "label": [None, None, None]})
    history = sent(
        ("a", "holdout", 1, 2, 0, 2), ("b", "holdout", 1, 2, 0, 2, True), ("c", "holdout", 1, 2, 0)
    )
    assert rows(composition.holdouts(holdout, history, POLICY, in_order())) == [
        ("a", "holdout", 3, 2)
    ]


@pytest.mark.parametrize(("share", "queries", "n"), [(0.07, 100, 7), (0.1, 31, 4), (0.0, 50, 0)])
def test_gold_is_a_share_of_the_queries_rounded_up(share, queries, n):
    policy = Policy(redundancy=2, gold=share, max_answers=5)
    ids = [f"g{number}" for number in range(20)]
    drawn = composition.golds(ids, sent(), policy, queries, np.random.default_rng(0))
    assert drawn["item_id"].nunique() == n
    assert drawn["copies"].tolist() == [2] * n


def test_gold_is_the_least_used_then_the_longest_unused():
    history = sent(
        ("a", "gold", 1, 1, 0),
        ("a", "gold", 1, 1, 3),
        ("b", "gold", 1, 2, 2),
        ("c", "gold", 1, 1, 1),
        ("d", "query", 1, 1, 0),
    )
    policy = Policy(redundancy=1, gold=1.0, max_answers=5)
    drawn = composition.golds(list("abcd"), history, policy, 9, np.random.default_rng(0))
    assert drawn["item_id"].tolist() == ["d", "c", "b", "a"]
    assert drawn["copy"].tolist() == [1, 1, 1, 1]


@given(seed=st.integers(0, 99), order=st.permutations("abcdef"))
def test_gold_is_drawn_by_the_generator_alone(seed, order):
    policy = Policy(redundancy=1, gold=0.5, max_answers=5)
    draws = [
        composition.golds(ids, sent(), policy, 6, np.random.default_rng(seed))
        for ids in (list(order), list("abcdef"))
    ]
    pd.testing.assert_frame_equal(*draws)


def test_other_draws_give_other_gold():
    policy = Policy(redundancy=1, gold=0.5, max_answers=5)
    draws = {
        tuple(
            composition.golds(
                list("abcdef"), sent(), policy, 6, np.random.default_rng(seed)
            ).item_id
        )
        for seed in range(20)
    }
    assert len(draws) > 5


def test_nothing_to_ask_is_no_row():
    empty = tables.SENT.empty()
    for frame in (
        composition.queries([], empty, POLICY),
        composition.requeues(tables.LABELS.empty(), empty, POLICY),
        composition.golds([], empty, POLICY, 0, np.random.default_rng(0)),
    ):
        assert frame.empty
