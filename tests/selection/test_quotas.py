import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.selection.quotas import largest_remainder


@given(
    weights=st.lists(st.integers(0, 1000), min_size=1, max_size=6).filter(any),
    n=st.integers(0, 10_000),
)
def test_adds_up_and_nobody_is_an_item_off(weights, n):
    shares = {str(number): weight / sum(weights) for number, weight in enumerate(weights)}
    quotas = largest_remainder(shares, n)
    assert list(quotas) == list(shares)
    assert sum(quotas.values()) == n
    assert all(abs(quotas[name] - shares[name] * n) < 1 for name in shares)


@pytest.mark.parametrize(
    ("shares", "n", "expected"),
    [
        ({"a": 0.9, "b": 0.1}, 50, {"a": 45, "b": 5}),
        ({"a": 0.71, "b": 0.29}, 100, {"a": 71, "b": 29}),
        ({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, 10, {"a": 4, "b": 3, "c": 3}),
        ({"a": 0.29, "b": 0.71}, 50, {"a": 15, "b": 35}),
        ({"b": 0.5, "a": 0.5}, 3, {"b": 2, "a": 1}),
        ({"a": 0.9, "b": 0.1}, 1, {"a": 1, "b": 0}),
        ({"a": 1.0, "b": 0.0}, 7, {"a": 7, "b": 0}),
    ],
)
def test_examples(shares, n, expected):
    assert largest_remainder(shares, n) == expected
