"""LightGBM's part of a model's archive."""

from collections.abc import Mapping
from typing import Any

from tasks.modeling import trees
from tasks.modeling.broken import BrokenModelError, demand, expect, from_json

BOOSTER = "lightgbm.basic.Booster"
CLASSIFIER = "lightgbm.sklearn.LGBMClassifier"
PARAMS = frozenset({"deterministic", "force_row_wise", "verbose"})
"""What a classifier of ours tells the library beside its own parameters."""

Node = Mapping[str, Any]


def check(state: Any) -> None:
    """Check what a booster is made of: one text of trees, in the one place where it looks for it.

    Raises
    ------
    BrokenModelError
        LightGBM might not survive it.
    """
    entries = _entries(state)
    types = expect(dict, expect(dict, state)["key_types"])
    named = [_kind(one) for one in expect(list, types.get("content"))]
    demand(named == ["TypeNode builtins.str"] * len(entries), "LightGBM's state has other names")
    demand("handle" not in entries, "LightGBM's trees are in it twice")
    trees_ = entries.get("_handle")
    demand(_kind(trees_) == "JsonNode builtins.str", "LightGBM's trees are missing in it")
    text = from_json(expect(str, expect(dict, trees_).get("content")), "LightGBM's trees")
    try:
        trees.check(expect(str, text))
    except BrokenModelError as error:
        raise BrokenModelError(f"LightGBM's trees are broken: {error}") from None


def check_classifier(state: Any) -> None:
    """Refuse a classifier that would tell the library what ours do not."""
    others = _entries(state).get("_other_params")
    told = _entries(others) if others is not None else {}
    demand(told.keys() <= PARAMS, "it tells LightGBM what no model of ours does")


def _entries(node: Any) -> Mapping[str, Any]:
    demand(_kind(node) == "DictNode builtins.dict", "LightGBM's state is spelled otherwise")
    return expect(dict, node.get("content"))


def _kind(node: Any) -> str:
    found = expect(dict, node)
    return f"{found.get('__loader__')} {found.get('__module__')}.{found.get('__class__')}"
