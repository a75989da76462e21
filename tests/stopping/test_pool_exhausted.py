import pytest

from tasks.domain.outlook import Outlook, RoundSummary, Verdict
from tasks.stopping.pool_exhausted import PoolExhausted


@pytest.mark.parametrize(
    ("left", "verdict"),
    [
        (0, Verdict(True, "the pool has nothing left to query")),
        (1, Verdict(False, "the pool has 1 left to query")),
    ],
)
def test_fires_when_nothing_is_left(left, verdict):
    outlook = Outlook((RoundSummary(0, {}, 10, 10, 1.0),), None, 1.0, candidates=left)
    assert PoolExhausted().verdict(outlook) == verdict
