import pandas as pd

from tasks.quality.answers import newest, one_each

ROWS = pd.DataFrame(
    [
        ("a2", 0, "g", "ann", 1, "x"),
        ("a1", 1, "i", "ann", 0, "y"),
        ("a1", 0, "i", "ann", 0, "x"),
        ("a1", 2, "i", "ann", 0, "z"),
        ("a3", 0, "g", "ann", 0, "y"),
        ("a4", 0, "g", "bob", 0, "z"),
    ],
    columns=["answer_id", "revision", "item_id", "annotator_id", "round", "label"],
)


def test_the_newest_revision_counts():
    kept = newest(ROWS).set_index("answer_id")["label"]
    assert kept.to_dict() == {"a1": "z", "a2": "x", "a3": "y", "a4": "z"}


def test_the_last_of_an_annotators_answers_to_an_item_counts():
    kept = one_each(newest(ROWS)).set_index(["item_id", "annotator_id"])["label"]
    assert kept.to_dict() == {("g", "ann"): "x", ("g", "bob"): "z", ("i", "ann"): "z"}
