import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain.errors import DataError
from tasks.ingest.draw import draw

IDS = [f"i{number}" for number in range(40)]
LABELS = ["x" if number % 2 else None for number in range(40)]


@given(st.permutations(range(40)), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_the_draw_depends_on_seed_and_items_alone(order: list[int], seed: int) -> None:
    shuffled = draw([IDS[k] for k in order], [LABELS[k] for k in order], 10, 5, seed)
    assert shuffled == draw(IDS, LABELS, 10, 5, seed)


def test_holdout_and_gold_are_apart_sorted_and_of_the_size_asked_for() -> None:
    holdout, gold = draw(IDS, LABELS, 10, 5, 7)
    assert (len(holdout), len(gold)) == (10, 5)
    assert holdout == sorted(set(holdout))
    assert gold == sorted(set(gold))
    assert not set(holdout) & set(gold)
    assert {LABELS[IDS.index(item)] for item in gold} == {"x"}
    assert {LABELS[IDS.index(item)] for item in holdout} == {"x", None}


def test_another_seed_is_another_draw() -> None:
    assert draw(IDS, LABELS, 10, 5, 7) != draw(IDS, LABELS, 10, 5, 8)


def test_every_item_may_be_drawn() -> None:
    drawn = {item for seed in range(60) for item in draw(IDS, LABELS, 10, 0, seed)[0]}
    assert drawn == set(IDS)


@pytest.mark.parametrize(("holdout", "gold"), [(40, 0), (30, 10), (41, 0), (0, 21)])
def test_too_few_items_are_said(holdout: int, gold: int) -> None:
    with pytest.raises(DataError, match=r"40|21"):
        draw(IDS, LABELS, holdout, gold, 7)
