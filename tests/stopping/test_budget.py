import pytest

from tasks.domain.outlook import Outlook, RoundSummary
from tasks.stopping.budget import Budget


def outlook(budget, spent, cost):
    return Outlook((RoundSummary(0, {}, 10, 10, spent),), budget, cost, candidates=100)


@pytest.mark.parametrize(
    ("budget", "spent", "cost", "fires"),
    [
        (20.0, 10.0, 5.0, False),
        (20.0, 15.0, 5.0, False),
        (20.0, 15.01, 5.0, True),
        (20.0, 25.0, 5.0, True),
        (18.0, 17.1, 0.9, False),
        (0.3, 0.1 + 0.1, 0.1, False),
        (None, 1e9, 5.0, False),
        (0.0, 0.0, 0.0, False),
    ],
)
def test_fires_when_another_full_batch_cannot_be_paid(budget, spent, cost, fires):
    assert Budget().verdict(outlook(budget, spent, cost)).fires is fires


def test_says_what_is_left():
    told = Budget().verdict(outlook(18.0, 17.1, 1.2)).reason
    assert told == "0.9 of 18 is left and does not pay for another batch at 1.2"
    assert "no budget" in Budget().verdict(outlook(None, 3.0, 1.2)).reason
