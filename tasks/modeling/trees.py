"""LightGBM's own text of a model, checked before LightGBM reads it.

LightGBM believes what it reads: with a wrong length it reads beyond its memory, with a cycle among
the nodes it never ends, and with no tree per iteration it divides by zero. Such ends are not
exceptions, so nothing but a look at the text beforehand prevents them.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from tasks.modeling.broken import demand

MOST_LEAVES = 131_072
"""LightGBM's own limit, of one tree."""
INT = r"-?[0-9]{1,9}"
SMALL, LARGE = r"e-[0-9]{2,3}", r"e\+(?:[0-2]?[0-9]{2}|30[0-7])"
NUMBER = rf"-?(?:[0-9]{{1,20}}(?:\.[0-9]{{1,40}})?|[0-9](?:\.[0-9]{{1,40}})?(?:{SMALL}|{LARGE}))"
"""Any that is finite: its spelling leaves no room for others."""
NAME = r"[!-<>-~]+"
HEAD = (
    ("version", r"v4"),
    ("num_class", INT),
    ("num_tree_per_iteration", INT),
    ("label_index", INT),
    ("max_feature_idx", INT),
    ("objective", r"binary sigmoid:[0-9.]{1,20}|multiclass num_class:[0-9]{1,9}"),
    ("feature_names", rf"{NAME}(?: {NAME})*"),
    ("feature_infos", rf"{NAME}(?: {NAME})*"),
    ("tree_sizes", r"[0-9]{1,9}(?: [0-9]{1,9})*"),
)
OF_A_SPLIT = ("split_feature", "decision_type", "left_child", "right_child", "internal_count")
NUMBERS_OF_A_SPLIT = ("split_gain", "threshold", "internal_value", "internal_weight")
TREE = (
    "num_leaves",
    "num_cat",
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_value",
    "leaf_weight",
    "leaf_count",
    "internal_value",
    "internal_weight",
    "internal_count",
    "is_linear",
    "shrinkage",
)
DECISIONS = frozenset({0, 2, 4, 6, 8, 10})
"""Of numbers: to the left or to the right where a value is missing, and what counts as missing."""
ENDLESS = rf"(?:{NUMBER}|-?inf|-?nan)"
"""Where no value is harmful, as LightGBM only compares with it or keeps it for people."""
TAIL = re.compile(
    r"end of trees\n\nfeature_importances:\n(?:[!-<>-~]+=[0-9]+\n)*"
    r"\nparameters:\n(?:\[[ -~]*\]\n)*\nend of parameters\n\npandas_categorical:null\n"
)


def check(text: str) -> None:
    """Refuse a text that LightGBM might not survive.

    What is accepted is what LightGBM writes of a classifier of numbers: trees of one level of
    nodes after another, without categorical splits and linear leaves.

    Raises
    ------
    BrokenModelError
        It is none; says what is wrong with it.
    """
    head, _, body = text.partition("\n\n")
    features, sizes = _head(head.split("\n"))
    start = 0
    for number, size in enumerate(sizes):
        _tree(body[start : start + size], number, features)
        start += size
    demand(TAIL.fullmatch(body, start), "what follows the trees is not LightGBM's")


def _head(lines: Sequence[str]) -> tuple[int, list[int]]:
    """Check what is said of all trees; gives the number of features, and the trees' sizes."""
    demand(lines[0] == "tree", "it does not begin as LightGBM's do")
    said = dict(_lines(lines[1:], [name for name, _ in HEAD], "the head"))
    for name, pattern in HEAD:
        demand(re.fullmatch(pattern, said[name]), f"{name} is not as LightGBM writes it")
    classes, trees = int(said["num_class"]), int(said["num_tree_per_iteration"])
    features, sizes = int(said["max_feature_idx"]) + 1, said["tree_sizes"].split(" ")
    demand(classes > 0 and trees == classes, "num_tree_per_iteration contradicts num_class")
    wanted = f"multiclass num_class:{classes}" if classes > 1 else "binary sigmoid:"
    demand(said["objective"].startswith(wanted), "the objective contradicts num_class")
    demand(classes == 1 or said["objective"] == wanted, "the objective contradicts num_class")
    demand(len(sizes) % trees == 0, "the number of trees contradicts num_class")
    for name in ("feature_names", "feature_infos"):
        demand(len(said[name].split(" ")) == features, f"{name} contradicts max_feature_idx")
    return features, [int(size) for size in sizes]


def _tree(text: str, number: int, features: int) -> None:
    where = f"tree {number}"
    lines = text.split("\n")
    demand(lines[0] == f"Tree={number}" and lines[-3:] == [""] * 3, f"{where} is not its size")
    said = dict(_lines(lines[1:-3], TREE, where))
    demand(re.fullmatch("[0-9]{1,6}", said["num_leaves"]), f"{where} has no number of leaves")
    leaves = int(said["num_leaves"])
    demand(1 <= leaves <= MOST_LEAVES, f"{where} has {leaves} leaves")
    demand(said["num_cat"] == "0", f"{where} has categorical splits")
    demand(said["is_linear"] == "0", f"{where} has linear leaves")
    splits = leaves - 1
    ints = {name: _ints(said[name], splits, f"{name} of {where}") for name in OF_A_SPLIT}
    for name in NUMBERS_OF_A_SPLIT:
        _values(ENDLESS, said[name], splits, f"{name} of {where}")
    _values(ENDLESS, said["leaf_weight"], leaves if splits else 0, f"leaf_weight of {where}")
    _values(NUMBER, said["leaf_value"], leaves, f"leaf_value of {where}")
    _values(INT, said["leaf_count"], leaves, f"leaf_count of {where}")
    _values(NUMBER, said["shrinkage"], 1, f"shrinkage of {where}")
    demand(
        all(0 <= feature < features for feature in ints["split_feature"]),
        f"{where} asks for a feature that there is not",
    )
    demand(DECISIONS.issuperset(ints["decision_type"]), f"{where} decides in an unknown way")
    _nodes(ints["left_child"], ints["right_child"], where)


def _nodes(left: list[int], right: list[int], where: str) -> None:
    """Refuse nodes that are no tree: leaves are -1, -2 and so on, and the root is 0."""
    splits = len(left)
    once = [*range(-splits - 1, 0), *range(1, splits)] if splits else []
    demand(sorted(left + right) == once, f"{where} has nodes without one parent each")
    # LightGBM numbers nodes in the order in which it splits them, so that no path comes back.
    later = all(child < 0 or child > at for ends in (left, right) for at, child in enumerate(ends))
    demand(later, f"{where} has a cycle")


def _lines(lines: Sequence[str], names: Sequence[str], where: str) -> Iterator[tuple[str, str]]:
    found = [line.partition("=") for line in lines]
    demand([name for name, _, _ in found] == list(names), f"{where} has other lines than it must")
    yield from ((name, value) for name, _, value in found)


def _ints(text: str, length: int, what: str) -> list[int]:
    _values(INT, text, length, what)
    return [int(part) for part in text.split()]


def _values(kind: str, text: str, length: int, what: str) -> None:
    demand(_pattern(kind).fullmatch(text), f"{what} holds what it must not")
    found = text.count(" ") + 1 if text else 0
    demand(found == length, f"{what} has {found} values in place of {length}")


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile(f"(?:{kind}(?: {kind})*)?")
