import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.quality import gold

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
)


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
    assert nothing == gold.Proportion(None, None, None, 0)


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
