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
    [
        {"at_least": 0.0},
        {"at_least": 1.1},
        {"at_least": float("nan")},
        {"metric": "log_loss"},
    ],
)
def test_refuses_what_cannot_be_reached(options):
    with pytest.raises(ParamsError, match="target"):
        registry.build("stopping", "target", options)


def with_baseline(low, alone, above):
    return {
        **accuracy(low + 0.01, low),
        "baseline/accuracy": {"value": alone, "low": alone, "high": alone},
        "above_baseline/accuracy": {"value": above + 0.01, "low": above, "high": above + 0.02},
    }


@pytest.mark.parametrize(
    ("low", "alone", "above", "fires"),
    [(0.96, 0.98, -0.01, False), (0.99, 0.98, 0.001, True), (0.96, 0.5, 0.4, True)],
)
def test_it_takes_more_than_the_largest_class(low, alone, above, fires):
    verdict = Target().verdict(outlook(with_baseline(low, alone, above)))
    assert verdict.fires is fires
    assert f"always answering the largest class would have {alone:.3g}" in verdict.reason
    assert verdict.reason.endswith("not surely better than that") is not fires


def test_says_that_the_holdouts_own_labels_are_not_good_enough():
    wrong = {"label_error": {"value": 0.14, "low": 0.1, "high": 0.2}}
    most = {"ceiling/accuracy": {"value": 0.86, "low": 0.8, "high": 0.9}}
    verdict = Target().verdict(outlook(accuracy(0.84, 0.8) | wrong | most))
    assert verdict.reason == (
        "accuracy's lower end 0.8 is below 0.95, and is unreachable: about 14.0% of the holdout's "
        "own labels are wrong, so that a model without a mistake would show accuracy 0.86"
    )
    assert (
        "unreachable"
        not in Target(at_least=0.85).verdict(outlook(accuracy(0.84, 0.8) | wrong | most)).reason
    )


def test_says_that_the_holdout_is_too_small():
    one = RoundSummary(0, accuracy(1.0, 0.839), 10, 10, 1.0, holdout=20)
    small = Outlook((one,), budget=None, next_batch_cost=1.0, candidates=100)
    reason = Target().verdict(small).reason
    assert reason.endswith(
        "on a holdout of 20: the lower end would be 0.839 if all of them were right"
    )
    assert Target().out_of_reach({}, 72, 0.95)
    assert not Target().out_of_reach({}, 73, 0.95)
    assert not Target().out_of_reach({}, 60, 0.9)
