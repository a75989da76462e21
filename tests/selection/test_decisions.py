import json

import numpy as np
import pytest

from tasks.domain.choosing import Candidates
from tasks.selection import decisions, mix
from tasks.strategies.margin import Margin
from tasks.strategies.uniform import Uniform

IDS = np.array([f"item-{number}" for number in range(8)], dtype=object)
PROBABILITIES = np.array([[0.5, 0.5, 0.0], *[[0.1, 0.9 - n / 20, n / 20] for n in range(7)]])
MARGIN = np.array([0.9, 0.8, 0.8, 0.8, 0.3, 0.2, 0.1, 0.0])
DRAWS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.9, 0.8, 0.7])
WITH_MODEL = Candidates(IDS, np.empty((8, 0)), PROBABILITIES, ("a", "b", "c"))


def decide(candidates=WITH_MODEL, fixed=2, drawn=2, runners_up=3):
    scored = [
        mix.Scored("uniform", Uniform(), drawn, DRAWS),
        mix.Scored("margin", Margin(), fixed, MARGIN),
    ]
    return decisions.table(candidates, scored, mix.select(scored, runners_up))


def test_ranks_follow_declaration_then_score_then_the_runners_up():
    frame = decide()
    assert frame["rank"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert frame["item_id"].tolist() == [f"item-{number}" for number in (5, 6, 0, 1, 2, 3, 4)]
    assert frame["strategy"].tolist() == ["uniform"] * 2 + ["margin"] * 5
    assert frame["selected"].tolist() == [True] * 4 + [False] * 3


def test_cutoff_is_the_last_score_that_was_taken():
    frame = decide()
    assert frame["cutoff"].tolist() == [0.8] * 7
    assert frame["score"].tolist() == [0.9, 0.8, 0.9, 0.8, 0.8, 0.8, 0.3]


def test_inclusion_probabilities():
    assert decide()["inclusion_probability"].tolist() == [2 / 6] * 2 + [1.0] * 2 + [2 / 6] * 3
    assert decide(drawn=0)["inclusion_probability"].tolist() == [1.0] * 2 + [0.0] * 3


def test_components_hold_what_every_strategy_says():
    first = decide()["components"][0]
    assert first == '{"margin":0.2,"uniform":0.9}'
    assert all(json.loads(text).keys() == {"margin", "uniform"} for text in decide()["components"])


def test_the_two_best_classes_and_of_equal_ones_the_first():
    frame = decide().set_index("item_id")
    best = frame.loc["item-0", ["class_1", "probability_1", "class_2", "probability_2"]]
    assert best.tolist() == ["a", 0.5, "b", 0.5]
    assert frame.loc["item-1", "class_1"] == "b"


def test_of_many_equal_classes_the_first_two():
    classes = tuple(f"class-{number:02}" for number in range(60))
    tied = np.random.default_rng(0).integers(0, 3, 60) / 60
    frame = decide(Candidates(IDS, np.empty((8, 0)), np.tile(tied, (8, 1)), classes))
    first, second, *_ = np.flatnonzero(tied == tied.max())
    assert set(frame["class_1"]) == {classes[first]}
    assert set(frame["class_2"]) == {classes[second]}


def test_a_runner_up_knows_what_kept_it_out():
    reasons = decide()["reason"].tolist()
    assert reasons[4] == "its margin score equals the cut-off 0.8, and its item_id comes later"
    assert reasons[6] == "its margin score is 0.5 below the cut-off 0.8"


def test_without_a_model_there_are_no_classes():
    cold = Candidates(IDS, np.empty((8, 0)), None, ("a", "b", "c"))
    frame = decide(cold, fixed=0)
    assert frame["class_1"].isna().all()
    assert frame["probability_2"].isna().all()


@pytest.mark.parametrize(("fixed", "drawn"), [(8, 0), (0, 8), (5, 3)])
def test_everything_may_be_taken(fixed, drawn):
    frame = decide(fixed=fixed, drawn=drawn)
    assert sorted(frame["item_id"]) == sorted(IDS)
    assert frame["selected"].all()
    assert (frame["inclusion_probability"] == 1).all()
