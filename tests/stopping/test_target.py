import pytest

from tasks import registry
from tasks.domain.errors import ParamsError
from tasks.domain.outlook import Outlook, RoundSummary, Verdict
from tasks.stopping.target import Target


def outlook(*metrics):
    rounds = tuple(RoundSummary(number, one, 10, 10, 1.0) for number, one in enumerate(metrics))
    return Outlook(rounds, budget=None, next_batch_cost=1.0, candidates=100)


def accuracy(value, low):
    return {"accuracy": {"value": value, "low": low, "high": 1.0}}


def test_the_lower_end_decides_and_not_the_point():
    rule = Target("accuracy", 0.95)
    assert rule.verdict(outlook(accuracy(0.97, 0.931))) == Verdict(
        False, "accuracy's lower end 0.931 is below 0.95"
    )
    assert rule.verdict(outlook(accuracy(0.97, 0.953))) == Verdict(
        True, "accuracy's lower end 0.953 has reached 0.95"
    )
    assert rule.verdict(outlook(accuracy(0.97, 0.95))).fires


def test_only_the_newest_round_counts():
    assert not Target().verdict(outlook(accuracy(0.99, 0.98), accuracy(0.9, 0.85))).fires


def test_the_numbers_shown_never_contradict_the_sentence():
    told = Target(at_least=0.95).verdict(outlook(accuracy(0.97, 0.94999))).reason
    assert told == "accuracy's lower end 0.94999 is below 0.95"


@pytest.mark.parametrize("metrics", [{}, accuracy(0.9, 0.9), {"macro_f1": {"value": 0.9}}])
def test_a_metric_that_is_not_there_never_fires_and_is_named(metrics):
    verdict = Target("macro_f1", 0.1).verdict(outlook(metrics))
    assert verdict == Verdict(False, "the newest round has no metric 'macro_f1'")


@pytest.mark.parametrize(
    "options",
    [{"at_least": 0.0}, {"at_least": 1.1}, {"at_least": float("nan")}, {"metric": "log_loss"}],
)
def test_refuses_what_cannot_be_reached(options):
    with pytest.raises(ParamsError, match="target"):
        registry.build("stopping", "target", options)
