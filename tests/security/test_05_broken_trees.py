"""A text of trees that LightGBM would die of, or never come back from, is refused before it."""

import resource
import signal
from collections.abc import Callable

import numpy as np
import pytest
from security import models
from support import in_process

from tasks.domain.errors import DataError
from tasks.modeling import bundle, trees
from tasks.modeling.broken import BrokenModelError

DIES = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGBUS)
HANGS = (-signal.SIGXCPU,)
CPU_SECONDS = 5
"""Five rows take none of it."""


def nodes(left: str, right: str) -> models.Change:
    return lambda text: models.in_first_tree(text, left_child=left, right_child=right)


def line(**lines: str) -> models.Change:
    return lambda text: models.in_first_tree(text, **lines)


FAR = 999_999_999
ATTACKS: dict[str, tuple[models.Change, tuple[int, ...], str]] = {
    "a cycle": (nodes("0 0 0 0 0 0", "0 0 0 0 0 0"), HANGS, "one parent each"),
    "a child that is not there": (
        nodes(f"{FAR} -1 -2 -3 -4 -5", f"{FAR} 1 2 3 4 5"),
        DIES,
        "one parent each",
    ),
    "a leaf that is not there": (
        nodes(f"-{FAR} -1 -2 -3 -4 -5", f"-{FAR} 1 2 3 4 5"),
        DIES,
        "one parent each",
    ),
    "a feature that is not there": (
        line(split_feature=f"{FAR} 0 0 0 0 0"),
        DIES,
        "a feature that there is not",
    ),
    "fewer thresholds than nodes": (line(threshold="1.5"), DIES, "1 values in place of 6"),
    "more leaves than there are": (line(num_leaves="2000000000"), DIES, "no number of leaves"),
    "no leaves": (line(num_leaves="-5"), DIES, "no number of leaves"),
    "trees beyond the end": (
        lambda text: models.re.sub("(?<=tree_sizes=)[0-9]+", str(FAR), text),
        DIES,
        "is not its size",
    ),
    "no tree per iteration": (
        lambda text: text.replace("num_tree_per_iteration=3", "num_tree_per_iteration=0"),
        DIES,
        "contradicts num_class",
    ),
    "an objective of more classes": (
        lambda text: text.replace("multiclass num_class:3", "multiclass num_class:9999999"),
        DIES,
        "the objective contradicts",
    ),
    "a half": (lambda text: text[: len(text) // 2], DIES, "is not its size"),
}
NOT_OURS: dict[str, tuple[models.Change, str]] = {
    "categorical splits": (line(num_cat="1"), "categorical"),
    "a decision by category": (line(decision_type="1 2 2 2 2 2"), "unknown way"),
    "linear leaves": (line(is_linear="1"), "linear"),
    "an endless leaf": (line(leaf_value="1e999 0 0 0 0 0 0"), "holds what it must not"),
    "digits of another script": (line(leaf_count="\u0661 0 0 0 0 0 0"), "holds what it must not"),
    "a line more": (line(shrinkage="1\nmore=1"), "other lines"),
    "more after the end": (lambda text: text + "Tree=99\n", "what follows"),
    "a NUL, where LightGBM stops": (lambda text: text.replace("end of", "\0 of"), "what follows"),
    "another kind of file": (lambda text: "tree2" + text[4:], "does not begin"),
    "other names": (lambda text: text.replace("Column_0 ", "", 1), "contradicts max_feature_idx"),
}


@pytest.fixture(scope="module")
def model() -> bytes:
    return models.of_trees()


def use(text: str) -> Callable[[], None]:
    def with_lightgbm_alone() -> None:
        from lightgbm import Booster

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        booster = Booster.__new__(Booster)
        state = {"_handle": text, "_network": False, "params": {}, "best_iteration": 0}
        booster.__setstate__({**state, "pandas_categorical": None})
        booster.predict(np.zeros((5, 3)))

    return with_lightgbm_alone


def test_lightgbm_survives_the_text_that_it_wrote(model: bytes) -> None:
    assert in_process(use(models.text(model))) == 0


@pytest.mark.parametrize("name", ATTACKS)
def test_what_lightgbm_does_not_survive_is_refused_in_one_line(model: bytes, name: str) -> None:
    change, end, said = ATTACKS[name]
    broken = change(models.text(model))
    assert in_process(use(broken)) in end
    refused(models.with_text(model, broken), said)


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_lightgbm_never_writes_for_us_is_refused(model: bytes, name: str) -> None:
    change, said = NOT_OURS[name]
    refused(models.with_text(model, change(models.text(model))), said)


def refused(content: bytes, said: str) -> None:
    with pytest.raises(DataError, match="is refused as a model") as error:
        bundle.parse(content)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_nodes_that_only_point_at_one_another_are_refused(model: bytes) -> None:
    """Each has one parent, and no leaf comes of them."""
    text = models.in_first_tree(
        models.text(model), left_child="-1 2 1 -4 -5 -6", right_child="-2 -3 3 4 5 -7"
    )
    with pytest.raises(BrokenModelError, match="cycle"):
        trees.check(text)
