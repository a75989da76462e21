import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.quality import gold
from tasks.quality.clustered import Proportion

KNOWN = pd.DataFrame({"item_id": ["g1", "g2", "g3"], "label": ["x", "y", None]})
ANSWERS = pd.DataFrame(
    [
        ("ann", "g1", "gold", "x"),
        ("ann", "g2", "gold", "x"),
        ("bob", "g2", "gold", "y"),
        ("bob", "g3", "gold", "y"),
        ("cat", "q1", "query", "x"),
    ],
    columns=["annotator_id", "item_id", "role", "label"],
).assign(round=0, answer_id=["a1", "a2", "a3", "a4", "a5"])


def test_accuracy_counts_gold_whose_class_is_known():
    measured = gold.accuracy(ANSWERS, KNOWN)
    assert (measured.value, measured.n) == (pytest.approx(2 / 3), 3)


def test_each_annotator_is_measured_by_the_gold_they_met():
    table = gold.by_annotator(ANSWERS, KNOWN)
    assert table.to_dict("index") == {
        "ann": {"n_gold": 2, "gold_accuracy": 0.5},
        "bob": {"n_gold": 1, "gold_accuracy": 1.0},
    }


def test_without_gold_there_is_no_number():
    nothing = gold.accuracy(ANSWERS[ANSWERS["role"] == "query"], KNOWN)
    assert nothing == Proportion(None, None, None, 0)


def test_of_who_met_an_item_again_the_last_answer_counts():
    again = ANSWERS.iloc[[1]].assign(label="y", round=1, answer_id="a6")
    measured = gold.accuracy(pd.concat([ANSWERS, again]), KNOWN)
    assert (measured.value, measured.n) == (1.0, 3)


def test_what_was_said_of_gold_is_compared_with_its_class():
    said = pd.DataFrame(
        {"item_id": ["g1", "g2", "q1"], "label": ["x", "x", "y"], "confidence": [0.9, 0.7, 0.5]}
    )
    compared = gold.of_labels(said, KNOWN)
    assert compared["confidence"] == pytest.approx(0.8)
    assert (compared["accuracy"]["value"], compared["accuracy"]["n"]) == (0.5, 2)
    nothing = gold.of_labels(said.iloc[2:], KNOWN)
    assert nothing["confidence"] is None
    assert nothing["accuracy"] == vars(Proportion(None, None, None, 0))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe, Two-sided confidence intervals for the single proportion (1998), table I.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_published_intervals(successes, n, low, high):
    interval = gold.wilson(successes, n)
    assert (interval.low, interval.high) == (
        pytest.approx(low, abs=5e-5),
        pytest.approx(high, abs=5e-5),
    )


@given(n=st.integers(1, 500), data=st.data())
def test_the_interval_holds_the_share_and_stays_within_bounds(n, data):
    interval = gold.wilson(data.draw(st.integers(0, n)), n)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
