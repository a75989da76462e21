from typing import Any

import pandas as pd

from tasks.domain import tables
from tasks.quality import imported


def labels(**roles: str) -> pd.DataFrame:
    rows = [
        {
            "item_id": item_id,
            "label": None if role == "returned" else "ash",
            "confidence": 0.9,
            "status": "returned" if role == "returned" else "labelled",
            "role": "query" if role == "returned" else role,
            "n_answers": 2,
            "answer_ids": ["x"],
            "aggregator": "majority",
            "round": 0,
        }
        for item_id, role in roles.items()
    ]
    return pd.DataFrame(rows, columns=list(tables.LABELS.columns))


def elsewhere(*item_ids: str, label: str = "oak") -> pd.DataFrame:
    given: dict[str, Any] = {"label": label, "confidence": 1.0, "source": "Ada"}
    return pd.DataFrame({"item_id": list(item_ids)}).assign(**given)


def test_a_bought_label_stands_and_what_was_returned_takes_the_imported_one() -> None:
    before = labels(a="query", b="returned")
    now = imported.laid_over(before, labels(), [elsewhere("a", "b", "c")], 3)
    found = now.set_index("item_id")
    assert found["label"].to_dict() == {"a": "ash", "b": "oak", "c": "oak"}
    assert found.loc[["b", "c"], "role"].tolist() == ["imported", "imported"]
    assert found.loc["c", "round"] == 3
    assert imported.only_adds(before, now)


def test_of_two_imports_the_first_stands_and_a_seed_before_both() -> None:
    imports = [elsewhere("a", "b", label="elm"), elsewhere("a", label="oak")]
    now = imported.laid_over(labels(), labels(b="seed"), imports, 1).set_index("item_id")
    assert now["label"].to_dict() == {"a": "elm", "b": "ash"}


def test_without_anything_new_the_labels_are_the_same_table() -> None:
    before = labels(a="query")
    assert imported.laid_over(before, labels(), [elsewhere("a")], 1) is before


def test_a_changed_label_is_no_addition() -> None:
    before = labels(a="query")
    assert not imported.only_adds(before, before.assign(label="oak"))
    assert not imported.only_adds(before, before[:0])


def test_answers_to_imported_items_change_nothing() -> None:
    answers = pd.DataFrame({"item_id": ["a", "b"], "label": "elm"})
    base = labels(a="imported", b="query")
    assert imported.without(answers, base)["item_id"].tolist() == ["b"]
    assert imported.bought(base)["item_id"].tolist() == ["b"]
