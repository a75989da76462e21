import pandas as pd
import pytest

from tasks.quality import annotators

ANSWERS = pd.DataFrame(
    [
        ("ann", "i1", "query", "x", 4.0),
        ("ann", "i2", "query", "y", 8.0),
        ("ann", "g1", "gold", "x", 6.0),
        ("bob", "i1", "query", "y", None),
        ("cat", "i3", "query", "y", 1.0),
    ],
    columns=["annotator_id", "item_id", "role", "label", "seconds"],
).assign(seconds=lambda frame: frame["seconds"].astype(float))
LABELS = pd.DataFrame({"item_id": ["i1", "i2", "i3"], "label": ["x", "x", None]})
GOLD = pd.DataFrame({"item_id": ["g1"], "label": ["x"]})


def test_each_annotator_is_described():
    table = annotators.table(ANSWERS, LABELS, GOLD).set_index("annotator_id")
    ann, bob, cat = (table.loc[name] for name in ("ann", "bob", "cat"))
    assert (ann.n_answers, ann.n_gold, ann.gold_accuracy) == (3, 1, 1.0)
    assert (ann.agreement, ann.median_seconds) == (pytest.approx(0.5), 6.0)
    assert (bob.n_answers, bob.n_gold, bob.agreement) == (1, 0, 0.0)
    assert pd.isna(bob.gold_accuracy)
    assert pd.isna(bob.median_seconds)
    assert pd.isna(cat.agreement)


def test_nobody_is_an_empty_table():
    assert annotators.table(ANSWERS.iloc[:0], LABELS, GOLD).empty
