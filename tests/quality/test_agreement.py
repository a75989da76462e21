import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.quality.agreement import alpha

# The worked examples of Krippendorff, "Computing Krippendorff's alpha-reliability" (2011): one
# line per observer, one column per unit, a dot where there is no answer.
BINARY = ("0100000010", "1110010000")
NOMINAL = ("aabbdcccedda", "babbbccceddd")
MISSING = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def answers(*observers):
    rows = [
        (f"unit-{unit}", label)
        for line in observers
        for unit, label in enumerate(line)
        if label != "."
    ]
    return pd.DataFrame(rows, columns=["item_id", "label"])


@pytest.mark.parametrize(
    ("observers", "published"), [(BINARY, 0.095), (NOMINAL, 0.692), (MISSING, 0.743)]
)
def test_the_published_examples(observers, published):
    assert alpha(answers(*observers)) == pytest.approx(published, abs=5e-4)


def test_items_with_one_answer_say_nothing():
    assert alpha(answers("abc")) is None
    assert alpha(answers("")) is None
    pairs = answers("aabb", "abbb")
    alone = pd.DataFrame({"item_id": ["lone"], "label": ["z"]})
    assert alpha(pd.concat([pairs, alone])) == alpha(pairs)


def test_without_variation_nothing_can_be_said():
    assert alpha(answers("aaaa", "aaaa")) is None


def test_agreement_is_one_and_chance_is_zero():
    assert alpha(answers("abcabc", "abcabc")) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    lines = ["".join(rng.choice(list("abc"), size=3000)) for _ in range(3)]
    assert alpha(answers(*lines)) == pytest.approx(0.0, abs=0.03)


def by_pairs(frame):
    """Compute alpha from its definition: disagreement within items over that between any two."""
    lists = [list(labels) for _, labels in frame.groupby("item_id")["label"] if len(labels) > 1]
    flat = [label for labels in lists for label in labels]
    if len(set(flat)) < 2:
        return None
    n = len(flat)
    within = sum(
        sum(a != b for a, b in itertools.permutations(labels, 2)) / (len(labels) - 1)
        for labels in lists
    )
    between = sum(a != b for a, b in itertools.permutations(flat, 2)) / (n - 1)
    return 1 - within / between


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abcd")), max_size=20))
def test_it_is_what_its_definition_says(rows):
    frame = pd.DataFrame(
        [(f"i{item}", label) for item, label in rows], columns=["item_id", "label"]
    )
    expected = by_pairs(frame)
    assert alpha(frame) == (None if expected is None else pytest.approx(expected))
