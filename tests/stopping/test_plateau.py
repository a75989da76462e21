import pytest

from tasks import registry
from tasks.domain.errors import ParamsError
from tasks.domain.outlook import Outlook, RoundSummary
from tasks.stopping.plateau import Plateau


def outlook(*values, metric="accuracy"):
    rounds = tuple(
        RoundSummary(number, {} if value is None else {metric: {"value": value}}, 10, 10, 1.0)
        for number, value in enumerate(values)
    )
    return Outlook(rounds, budget=None, next_batch_cost=1.0, candidates=100)


@pytest.mark.parametrize(
    ("values", "fires"),
    [
        ((0.9, 0.9, 0.9, 0.9), True),
        ((0.9, 0.9, 0.9), False),
        ((0.5, 0.8, 0.9, 0.91), False),
        ((0.95, 0.90, 0.91, 0.92), True),
        ((0.90, 0.95, 0.90, 0.90), False),
        ((0.90, 0.901, 0.9015, 0.9019), True),
        ((0.90, 0.901, 0.9015, 0.9021), False),
        ((None, 0.90, 0.90, 0.90), False),
        ((None, 0.90, 0.90, 0.90, 0.90), True),
    ],
)
def test_compares_the_best_of_the_newest_with_the_best_before(values, fires):
    assert Plateau("accuracy", rounds=3, gain=0.002).verdict(outlook(*values)).fires is fires


def test_explains_itself():
    rule = Plateau("accuracy", rounds=2, gain=0.002)
    assert rule.verdict(outlook(0.94, 0.95, 0.9505, 0.951)).reason == (
        "the last 2 rounds took the best accuracy from 0.95 to 0.951, "
        "a gain of 0.001, less than 0.002"
    )
    assert rule.verdict(outlook(0.94, 0.95)).reason == (
        "a plateau shows after 3 measurements of accuracy, and this is number 2"
    )


def test_of_a_loss_less_is_better():
    rule = Plateau("log_loss", rounds=1, gain=0.1)
    assert not rule.verdict(outlook(1.0, 0.5, metric="log_loss")).fires
    assert rule.verdict(outlook(0.5, 1.0, metric="log_loss")).fires


def test_a_metric_that_is_not_there_never_fires_and_is_named():
    verdict = Plateau("macro_f1").verdict(outlook(*[0.9] * 9))
    assert not verdict.fires
    assert "'macro_f1'" in verdict.reason


@pytest.mark.parametrize("options", [{"rounds": 0}, {"gain": -0.1}, {"gain": float("nan")}])
def test_refuses_options_without_sense(options):
    with pytest.raises(ParamsError, match="plateau"):
        registry.build("stopping", "plateau", options)
