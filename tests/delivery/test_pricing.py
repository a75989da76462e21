import pandas as pd
import pytest
from delivery.campaigns import params

from tasks.delivery import pricing
from tasks.delivery.pricing import Part, Situation
from tasks.delivery.undone import Undone
from tasks.domain import tables


def situation(*, pool=40, gold=6, holdout=0, labels=(), sent=(), undone=None):
    """Give a situation: so many items, none of the holdout with a class."""
    known = pd.DataFrame(labels, columns=["item_id", "status", "role"])
    columns = ["item_id", "role", "copy", "copies", "round", "withdrawn", "rejected"]
    asked = pd.DataFrame(sent, columns=columns).assign(key="", price=0.1)
    return Situation(
        pool=pd.DataFrame({"item_id": [f"pool-{n:02d}" for n in range(pool)]}),
        holdout=pd.DataFrame({"item_id": [f"hold-{n:02d}" for n in range(holdout)], "label": None}),
        gold=pd.DataFrame({"item_id": [f"gold-{n}" for n in range(gold)], "label": "ash"}),
        labels=known,
        sent=asked,
        answers=tables.ANSWERS.empty(),
        undone=Undone(undone or {}),
    )


@pytest.mark.parametrize(
    ("push", "price", "cost"),
    [
        ({"redundancy": 1, "gold": 0.0}, 0.1, 1.0),
        ({"redundancy": 3, "gold": 0.15}, 0.1, 3.6),
        ({"redundancy": 2, "gold": 0.1}, 0.5, 11.0),
        ({"redundancy": 2, "gold": 0.1}, 0.0, 0.0),
    ],
)
def test_a_batch_costs_its_items_and_its_gold_each_as_often_as_asked(push, price, cost):
    given = params(score={"batch": 10}, push=push, vendor={"price": price})
    assert pricing.next_batch(given, situation()).cost == pytest.approx(cost)


def test_binary_fractions_add_no_gold_item():
    given = params(score={"batch": 100}, push={"redundancy": 1, "gold": 0.07})
    assert pricing.next_batch(given, situation(pool=200, gold=20)).parts["gold"].items == 7


def test_holdout_gold_and_queries_are_told_apart():
    found = pricing.next_batch(params(), situation(holdout=30))
    assert found.parts == {
        "query": Part(8, 16, pytest.approx(1.6)),
        "gold": Part(2, 4, pytest.approx(0.4)),
        "holdout": Part(30, 60, pytest.approx(6.0)),
    }
    assert found.cost == pytest.approx(8.0)
    assert found.words() == (
        "queries 8 x 2 answers = 1.60, gold 2 x 2 answers = 0.40, holdout 30 x 2 answers = 6.00"
    )


def test_no_more_is_counted_than_there_is_to_ask_for():
    found = pricing.next_batch(params(), situation(pool=5, gold=1))
    assert (found.parts["query"].items, found.parts["gold"].items) == (5, 1)


def test_an_uncertain_item_is_asked_once_more_until_its_last_answer():
    labels = [("pool-00", "low_confidence", "query"), ("pool-01", "low_confidence", "query")]
    sent = [("pool-00", "query", 1, 2, 0, 0, False), ("pool-01", "query", 1, 5, 0, 0, False)]
    found = pricing.next_batch(params(), situation(labels=labels, sent=sent))
    assert found.parts["requeue"] == Part(1, 1, pytest.approx(0.1))


def test_a_holdout_in_parts_is_priced_part_by_part():
    given = params(evaluate={"holdout_per_round": 12})
    assert pricing.next_batch(given, situation(holdout=30)).parts["holdout"].items == 12
    assert pricing.later_batch(given, situation(holdout=30)).parts["holdout"].items == 12
    sent = [(f"hold-{n:02d}", "holdout", 1, 2, 0, 0, False) for n in range(20)]
    now = situation(holdout=30, sent=sent)
    assert pricing.next_batch(given, now).parts["holdout"].items == 10
    assert "holdout" not in pricing.later_batch(given, now).parts
    assert pricing.whole_holdout(given, now) == Part(10, 20, pytest.approx(2.0))


@pytest.mark.parametrize(("ask_again", "candidates", "holdout"), [(True, 40, 2), (False, 39, 1)])
def test_what_an_undone_round_asked_is_counted_again_only_if_it_is_asked_again(
    ask_again, candidates, holdout
):
    sent = [
        ("pool-00", "query", 1, 2, 1, 0, False),
        ("hold-00", "holdout", 1, 2, 1, 0, False),
    ]
    now = situation(holdout=2, sent=sent, undone={1: ask_again})
    assert now.candidates(params()) == candidates
    assert pricing.next_batch(params(), now).parts["holdout"].items == holdout
