import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.quality.clustered import share
from tasks.quality.gold import wilson

REPETITIONS = 200


def drawn(rng, annotators, items, each, middle, spread):
    """Draw answers whose annotators and items have log-odds of their own."""
    people, difficulty = (
        rng.normal(size=n) * s for n, s in zip((annotators, items), spread, strict=True)
    )
    item = np.repeat(np.arange(items), each)
    who = np.concatenate([rng.permutation(annotators)[:each] for _ in range(items)])
    odds = middle + people[who] + difficulty[item]
    return rng.random(len(item)) < 1 / (1 + np.exp(-odds)), [who, item]


def center(p, spread):
    """Find the log-odds that give p on average over a normal distribution."""
    normal = np.random.default_rng(0).normal(size=20_000) * spread
    low, high = -10.0, 15.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if (1 / (1 + np.exp(-middle - normal))).mean() < p else (low, middle)
        )
    return low


@pytest.mark.parametrize("p", [0.7, 0.95])
@pytest.mark.parametrize("spread", [(0.0, 0.0), (1.0, 0.0), (0.0, 1.5), (1.0, 1.5)])
@pytest.mark.parametrize(("annotators", "items", "each"), [(5, 40, 3), (10, 20, 9)])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(
    annotators, items, each, p, spread
):
    rng, middle = np.random.default_rng(1), center(p, np.hypot(*spread))
    covered = naive = 0
    for _ in range(REPETITIONS):
        right, clusters = drawn(rng, annotators, items, each, middle, spread)
        one, other = share(right, clusters), wilson(int(right.sum()), len(right))
        covered += one.low <= p <= one.high
        naive += other.low <= p <= other.high
    assert covered / REPETITIONS >= 0.87
    assert covered >= naive


def test_answers_that_belong_together_widen_it():
    right = np.arange(60) % 10 < 7
    alone = share(right, [np.arange(60)])
    wide = share(np.sort(right), [np.arange(60) // 10])
    assert (alone.value, alone.n) == (wide.value, wide.n) == (0.7, 60)
    assert wide.high - wide.low > 1.5 * (alone.high - alone.low)


def test_without_clusters_it_is_nearly_wilsons():
    right = np.arange(400) < 300
    one, other = share(right, [np.arange(400), np.arange(400)]), wilson(300, 400)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-3)


def test_where_all_are_right_what_is_usual_is_assumed():
    right = np.ones(20, dtype=bool)
    together, alone = share(right, [np.arange(20) // 5]), share(right, [np.arange(20)])
    assert together.value == together.high == 1.0
    assert together.low < alone.low < 0.9


def test_nothing_has_no_share():
    assert share(np.array([], dtype=bool), [np.array([])]) == wilson(0, 0)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 5)), min_size=1))
def test_it_holds_the_share_and_does_not_depend_on_the_order(rows):
    right, *clusters = (np.array(column) for column in zip(*rows, strict=True))
    found = share(right, clusters)
    assert 0 <= found.low <= found.value <= found.high <= 1
    back = share(right[::-1], [one[::-1] for one in clusters])
    assert (back.low, back.high) == pytest.approx((found.low, found.high))
