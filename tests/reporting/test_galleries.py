import pandas as pd
import pytest

from tasks.domain.tables import DECISIONS, LABELS
from tasks.reporting import galleries
from tasks.reporting.data import Content, Given, RoundReport, Share


def decisions(n, *, guess="ash", runners_up=3):
    rows = [
        {
            "item_id": f"item-{rank:03d}",
            "rank": rank,
            "strategy": "uniform" if rank > n - 2 else "margin",
            "score": 1 - rank / 1000,
            "cutoff": 0.25 if rank > n - 2 else 0.75,
            "selected": rank <= n,
            "inclusion_probability": 0.5,
            "class_1": guess,
            "probability_1": 0.6,
            "class_2": guess and "birch",
            "probability_2": 0.3,
            "reason": f"reason {rank}",
        }
        for rank in range(n + runners_up, 0, -1)
    ]
    return pd.DataFrame(rows).reindex(columns=list(DECISIONS.columns))


def labels(**given):
    return {item_id.replace("_", "-"): Given(*one) for item_id, one in given.items()}


def test_shows_what_was_selected_by_rank_up_to_a_limit():
    one = galleries.batch(RoundReport(0), decisions(100), {})
    assert one.queried == 100
    assert [query.rank for query in one.queries] == list(range(1, galleries.SHOWN + 1))
    assert one.queries[0].reason == "reason 1"
    assert one.shares == (Share("margin", 98, 0.75), Share("uniform", 2, 0.25))


def test_counts_labels_of_the_whole_batch_not_only_of_what_is_shown():
    known = labels(
        item_001=("ash", 0.9, "labelled"),
        item_002=("birch", 0.9, "labelled"),
        item_003=("ash", 0.4, "low_confidence"),
        item_099=("ash", 0.9, "labelled"),
        item_101=("ash", 0.9, "labelled"),
    )
    one = galleries.batch(RoundReport(0), decisions(100), known)
    assert (one.labelled, one.foreseen) == (3, 2)
    assert one.queries[2].given.status == "low_confidence"


def test_without_a_model_there_are_no_guesses():
    one = galleries.batch(RoundReport(0), decisions(5, guess=None), {})
    assert {query.guesses for query in one.queries} == {()}
    assert one.foreseen == 0


def test_without_decisions_the_round_is_as_it_was():
    assert galleries.batch(RoundReport(3), None, {}) == RoundReport(3)


def test_contents_find_their_items():
    one = galleries.batch(RoundReport(0), decisions(2), {})
    filled = galleries.fill(one, {"item-002": Content(texts=("bark",))})
    assert [query.content for query in filled.queries] == [None, Content(texts=("bark",))]


@pytest.mark.parametrize("label", [None, float("nan")])
def test_an_item_that_went_back_has_no_label(label):
    row = {"item_id": "a", "label": label, "confidence": 0.2, "status": "returned"}
    frame = pd.DataFrame([row]).reindex(columns=list(LABELS.columns))
    assert galleries.given(frame)["a"].label == ""
