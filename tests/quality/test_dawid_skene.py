import numpy as np
import pandas as pd
import pytest

from tasks.domain.errors import ParamsError
from tasks.quality.aggregation.dawid_skene import DawidSkene
from tasks.quality.aggregation.majority import Majority
from tasks.registry import build

CLASSES = ("x", "y", "z")


def crowd(n=120, seed=0):
    """Make answers of two good annotators, who differ at times, and three who say x for y."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(CLASSES, size=n)
    rows = []
    for item, label in enumerate(truth):
        for who in ("good-1", "good-2"):
            slip = rng.choice(CLASSES) if rng.random() < 0.05 else label
            rows.append((f"i{item:03d}", who, slip))
        for who in ("bad-1", "bad-2", "bad-3"):
            mixed_up = "x" if label == "y" and rng.random() < 0.8 else label
            rows.append((f"i{item:03d}", who, mixed_up))
    return truth, pd.DataFrame(rows, columns=["item_id", "annotator_id", "label"])


def test_annotators_who_confuse_two_classes_are_seen_through():
    truth, frame = crowd()
    right = {
        type(one).__name__: (one.aggregate(frame, CLASSES).labels["label"] == truth).mean()
        for one in (DawidSkene(), Majority())
    }
    assert right["DawidSkene"] > 0.95
    assert right["DawidSkene"] > right["Majority"] + 0.1


def test_one_answer_per_item_leaves_no_doubt():
    _, frame = crowd()
    labels = DawidSkene().aggregate(frame.drop_duplicates("item_id"), CLASSES).labels
    assert labels["confidence"].to_numpy() == pytest.approx(1.0)


def test_doubt_about_unanimous_answers_stands_in_the_confidence():
    _, frame = crowd()
    alone = pd.DataFrame([("lone", "bad-1", "x")], columns=frame.columns)
    labels = DawidSkene().aggregate(pd.concat([frame, alone]), CLASSES).labels
    lone = labels.set_index("item_id").loc["lone"]
    assert lone["label"] == "x"
    assert lone["confidence"] < 0.8


def test_options_are_within_bounds():
    with pytest.raises(ParamsError, match="n_iter"):
        build("aggregators", "dawid_skene", {"n_iter": 0})
