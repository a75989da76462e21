import numpy as np
import pandas as pd
import pytest

from tasks.domain.choosing import Calibration
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
        type(one).__name__: (one.aggregate(frame, CLASSES, {}).labels["label"] == truth).mean()
        for one in (DawidSkene(), Majority())
    }
    assert right["DawidSkene"] > 0.95
    assert right["DawidSkene"] > right["Majority"] + 0.1


def hard_crowd(n=600, seed=0, answers=3, people=30):
    """Make answers to items of which every fourth looks to most annotators like another class."""
    rng = np.random.default_rng(seed)
    truth, looks_like = rng.choice(CLASSES, size=(2, n))
    hard = rng.random(n) < 0.25
    rows = []
    for item in range(n):
        for who in rng.permutation(people)[:answers]:
            seen = looks_like[item] if hard[item] and rng.random() < 0.8 else truth[item]
            label = rng.choice(CLASSES) if rng.random() < 0.15 else seen
            rows.append((f"i{item:03d}", f"p{who:02d}", label))
    frame = pd.DataFrame(rows, columns=["item_id", "annotator_id", "label"])
    return pd.Series(truth, [f"i{item:03d}" for item in range(n)]), frame


def judged(frame, truth, known):
    """Give accuracy, mean confidence and log-loss, of items that are not known."""
    labels = DawidSkene().aggregate(frame, CLASSES, known).labels
    rest = labels[~labels["item_id"].isin(list(known))]
    right = rest["label"].to_numpy() == truth[rest["item_id"]].to_numpy()
    said = np.where(right, rest["confidence"], 1 - rest["confidence"])
    return right.mean(), rest["confidence"].mean(), -np.log(said).mean()


@pytest.mark.parametrize("answers", [1, 3])
def test_confidence_is_the_share_of_right_labels_where_some_items_are_known(answers):
    """Annotators who are wrong together would make it far too sure without known items."""
    calibrated, alone = [], []
    for seed in range(4):
        truth, frame = hard_crowd(seed=seed, answers=answers)
        calibrated.append(judged(frame, truth, truth[::10].to_dict()))
        alone.append(judged(frame, truth, {}))
    accuracy, stated, loss = np.mean(calibrated, axis=0)
    _, stated_alone, loss_alone = np.mean(alone, axis=0)
    assert stated == pytest.approx(accuracy, abs=0.05)
    assert abs(stated - accuracy) < abs(stated_alone - accuracy)
    assert loss < loss_alone


def test_known_items_that_were_asked_often_do_not_make_the_others_look_easy():
    truth, frame = hard_crowd(answers=12)
    known = truth[::10].to_dict()
    rest = frame[~frame["item_id"].isin(list(known))].groupby("item_id").head(3)
    asked_often = pd.concat([rest, frame[frame["item_id"].isin(list(known))]])
    accuracy, stated, _ = judged(asked_often, truth, known)
    assert stated == pytest.approx(accuracy, abs=0.05)


def test_it_says_by_how_many_items_it_was_calibrated():
    truth, frame = hard_crowd(n=60)
    known = truth[::10].to_dict() | {"never asked": "x"}
    found = DawidSkene().aggregate(frame, CLASSES, known).calibration
    assert found.known_items == 6
    nothing = DawidSkene(temperature=1.7).aggregate(frame, CLASSES, {}).calibration
    assert nothing == Calibration(1.7, 0)


def test_one_answer_per_item_is_as_sure_as_annotators_are_expected_to_be_right():
    _, frame = crowd()
    single = frame.drop_duplicates("item_id")
    one, other = (
        DawidSkene(accuracy=accuracy, temperature=1.0).aggregate(single, CLASSES, {}).labels
        for accuracy in (0.7, 0.9)
    )
    assert one["confidence"].mean() == pytest.approx(0.7, abs=0.05)
    assert other["confidence"].mean() == pytest.approx(0.9, abs=0.05)
    cooler = DawidSkene().aggregate(single, CLASSES, {}).labels
    assert cooler["confidence"].max() < 0.75


def test_known_classes_show_who_is_right():
    """Two annotators who always contradict each other; gold shows that it is the first."""
    truth = {f"i{n:02}": CLASSES[n % 2] for n in range(40)}
    rows = [
        row
        for item, label in truth.items()
        for row in ((item, "ann", label), (item, "bob", "yx"["xy".index(label)]))
    ]
    frame = pd.DataFrame(rows, columns=["item_id", "annotator_id", "label"])
    known = {item: truth[item] for item in list(truth)[:12]}
    labels = DawidSkene().aggregate(frame, ("x", "y"), known).labels.set_index("item_id")
    assert labels["label"].to_dict() == truth
    assert (labels["confidence"] > 0.8).all()


def test_an_item_does_not_confirm_its_own_label():
    """Of two newcomers who contradict each other neither becomes the better one."""
    _, frame = crowd()
    two = pd.DataFrame([("new", "new-1", "y"), ("new", "new-2", "z")], columns=frame.columns)
    found = DawidSkene(temperature=1.0).aggregate(pd.concat([frame, two]), CLASSES, {}).labels
    assert found.set_index("item_id").loc["new", "confidence"] < 0.6


def test_a_rare_class_is_not_made_frequent():
    rng = np.random.default_rng(1)
    truth = np.where(np.arange(400) < 12, "x", "y")
    rows = [
        (f"i{n:03}", f"p{who:02}", rng.choice(["x", "y"]) if rng.random() < 0.25 else truth[n])
        for n in range(400)
        for who in rng.permutation(20)[:3]
    ]
    frame = pd.DataFrame(rows, columns=["item_id", "annotator_id", "label"])
    labels = DawidSkene().aggregate(frame, ("x", "y"), {}).labels
    votes = Majority().aggregate(frame, ("x", "y"), {}).labels
    assert (labels["label"] == truth).mean() >= (votes["label"] == truth).mean()


def test_annotators_and_items_by_other_names_give_the_same():
    truth, frame = hard_crowd(n=80)
    renamed = frame.assign(annotator_id=frame["annotator_id"].map(lambda name: name[::-1]))
    one, other = (
        DawidSkene().aggregate(given, CLASSES, truth[::8].to_dict()).labels
        for given in (frame, renamed)
    )
    assert list(one["label"]) == list(other["label"])
    assert one["confidence"].to_numpy() == pytest.approx(other["confidence"].to_numpy(), abs=1e-3)


def test_doubt_about_unanimous_answers_stands_in_the_confidence():
    _, frame = crowd()
    alone = pd.DataFrame([("lone", "bad-1", "x")], columns=frame.columns)
    labels = DawidSkene().aggregate(pd.concat([frame, alone]), CLASSES, {}).labels
    lone = labels.set_index("item_id").loc["lone"]
    assert lone["label"] == "x"
    assert lone["confidence"] < 0.8


def test_options_are_within_bounds():
    with pytest.raises(ParamsError, match="n_iter"):
        build("aggregators", "dawid_skene", {"n_iter": 0})
    with pytest.raises(ParamsError, match="annotator_weight"):
        build("aggregators", "dawid_skene", {"annotator_weight": 0.0})
