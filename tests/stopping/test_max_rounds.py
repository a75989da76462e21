import pytest

from tasks import registry
from tasks.domain.errors import ParamsError
from tasks.domain.outlook import Outlook, RoundSummary, Verdict
from tasks.stopping.max_rounds import MaxRounds


def after(rounds):
    done = tuple(RoundSummary(number, {}, 10, 10, 1.0) for number in range(rounds))
    return Outlook(done, budget=None, next_batch_cost=1.0, candidates=100)


@pytest.mark.parametrize(("done", "fires"), [(1, False), (5, False), (6, True), (7, True)])
def test_counts_the_seed_round_too(done, fires):
    assert MaxRounds(6).verdict(after(done)) == Verdict(
        fires, f"{done} of at most 6 rounds are done"
    )


@pytest.mark.parametrize("options", [{"rounds": 0}, {"rounds": -1}, {}, {"rounds": "many"}])
def test_refuses_what_can_be_no_count(options):
    with pytest.raises(ParamsError, match="max_rounds"):
        registry.build("stopping", "max_rounds", options)
