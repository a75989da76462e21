import pandas as pd
import pytest

from tasks.domain import tables
from tasks.selection import candidates


def labels(**status):
    frame = pd.DataFrame({"item_id": list(status), "status": list(status.values())})
    return tables.LABELS.empty()[["item_id", "status"]] if frame.empty else frame


def sent(copies=2, withdrawn=0, rejected=False, **role):
    frame = pd.DataFrame({"item_id": list(role), "role": list(role.values())})
    frame = frame.assign(copies=copies, withdrawn=withdrawn, rejected=rejected)
    return tables.SENT.empty()[list(frame.columns)] if frame.empty else frame


@pytest.mark.parametrize(
    ("status", "role", "is_open"),
    [
        (None, None, True),
        ("labelled", None, False),
        ("labelled", "query", False),
        ("low_confidence", "query", False),
        ("low_confidence", "requeue", False),
        ("returned", "query", True),
        (None, "query", False),
        (None, "requeue", False),
        (None, "gold", True),
        (None, "holdout", True),
    ],
)
def test_nothing_is_bought_twice(status, role, is_open):
    known = labels(**({"item": status} if status else {}))
    asked = sent(**({"item": role} if role else {}))
    item_ids = pd.Series(["item"])
    assert candidates.open_items(item_ids, known, asked, 5).tolist() == [is_open]


def test_rows_come_in_the_order_of_item_id_whatever_the_pool():
    pool = pd.DataFrame({"item_id": ["b", "é", "a", "B", "10", "9"], "x": range(6)})
    free = candidates.rows(pool, labels(a="labelled"), sent(b="query"), 5)
    assert free["item_id"].tolist() == ["10", "9", "B", "é"]
    shuffled = pool.sample(frac=1, random_state=3)
    again = candidates.rows(shuffled, labels(a="labelled"), sent(b="query"), 5)
    pd.testing.assert_frame_equal(free, again)


def test_an_item_that_had_all_its_answers_is_not_asked_for_again():
    known, item_ids = labels(item="returned"), pd.Series(["item"])
    assert candidates.open_items(item_ids, known, sent(copies=4, item="requeue"), 5).all()
    assert not candidates.open_items(item_ids, known, sent(copies=5, item="requeue"), 5).any()


def test_what_was_withdrawn_unanswered_is_a_candidate_again_and_what_was_rejected_is_not():
    known, item_ids = labels(), pd.Series(["item"])
    gone = sent(copies=3, withdrawn=3, item="query")
    assert candidates.open_items(item_ids, known, gone, 5).all()
    in_part = sent(copies=3, withdrawn=2, item="query")
    assert not candidates.open_items(item_ids, known, in_part, 5).any()
    refused = sent(copies=3, withdrawn=3, rejected=True, item="query")
    assert not candidates.open_items(item_ids, known, refused, 5).any()
