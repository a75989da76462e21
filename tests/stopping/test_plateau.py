import pytest

from tasks import registry
from tasks.domain.errors import ParamsError
from tasks.domain.outlook import Outlook, RoundSummary
from tasks.stopping.plateau import Plateau


def outlook(*gained, metric="accuracy"):
    """Make rounds, each by how much the newest, which is added, has more; None: no model."""
    there = {metric: {"value": 0.9, "low": 0.88, "high": 0.92}}
    rounds = [
        RoundSummary(number, {} if one is None else there, 10, 10, 1.0, gained={metric: one or {}})
        for number, one in enumerate(gained)
    ]
    rounds.append(RoundSummary(len(rounds), there, 10, 10, 1.0))
    return Outlook(tuple(rounds), budget=None, next_batch_cost=1.0, candidates=100)


def interval(low, high):
    return {"value": (low + high) / 2, "low": low, "high": high}


UNSURE, FLAT, BETTER = interval(-0.02, 0.02), interval(-0.008, 0.008), interval(0.03, 0.07)


@pytest.mark.parametrize(
    ("gained", "fires"),
    [
        ((FLAT, FLAT, FLAT), True),
        ((BETTER, FLAT, UNSURE, UNSURE), True),
        ((FLAT, UNSURE, FLAT, FLAT), False),
        ((FLAT, BETTER, FLAT, FLAT), False),
        ((FLAT, FLAT), False),
        ((None, FLAT, FLAT), False),
        ((None, FLAT, FLAT, FLAT), True),
    ],
)
def test_only_what_surely_gained_less_is_a_plateau(gained, fires):
    assert Plateau("accuracy", rounds=3, gain=0.01).verdict(outlook(*gained)).fires is fires


def test_explains_itself():
    rule = Plateau("accuracy", rounds=2, gain=0.01)
    assert rule.verdict(outlook(FLAT, FLAT)).reason == (
        "the last 2 rounds gained +0 accuracy [-0.008, +0.008], which is at most 0.008 and "
        "less than 0.01"
    )
    assert rule.verdict(outlook(UNSURE, UNSURE)).reason == (
        "the last 2 rounds gained +0 accuracy [-0.02, +0.02], which is at most 0.02 and "
        "may be as much as 0.01; this holdout cannot show less, since its interval is wider "
        "than that"
    )
    assert rule.verdict(outlook(FLAT)).reason == (
        "a plateau shows after 3 measurements of accuracy, and this is number 2"
    )


def test_of_a_loss_less_is_better():
    rule = Plateau("log_loss", rounds=1, gain=0.1)
    assert not rule.verdict(outlook(interval(-0.4, -0.2), metric="log_loss")).fires
    assert not rule.verdict(outlook(interval(-0.2, 0.2), metric="log_loss")).fires
    assert rule.verdict(outlook(interval(0.1, 0.3), metric="log_loss")).fires


def test_a_metric_that_is_not_there_never_fires_and_is_named():
    verdict = Plateau("macro_f1").verdict(outlook(*[FLAT] * 9))
    assert not verdict.fires
    assert "'macro_f1'" in verdict.reason


def test_rounds_without_items_in_common_are_not_compared():
    verdict = Plateau(rounds=1).verdict(outlook({}))
    assert not verdict.fires
    assert verdict.reason == "round 0 was not measured on the same items"


@pytest.mark.parametrize("options", [{"rounds": 0}, {"gain": -0.1}, {"gain": float("nan")}])
def test_refuses_options_without_sense(options):
    with pytest.raises(ParamsError, match="plateau"):
        registry.build("stopping", "plateau", options)
