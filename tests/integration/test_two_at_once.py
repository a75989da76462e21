"""Two processes that advance one campaign end as one would."""

from pathlib import Path

import pytest
from support import FORK, advance, assert_same

pytestmark = pytest.mark.integration


def test_two_runs_at_once_are_as_one(campaign: Path, finished: Path) -> None:
    runs = [FORK.Process(target=advance, args=(campaign,)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    assert_same(campaign, finished)
