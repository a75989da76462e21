"""An interval on a small or easy holdout is no point, and ends no campaign."""

import numpy as np

from tasks.domain.outlook import Outlook, RoundSummary
from tasks.modeling.intervals import Resampling, measure
from tasks.stopping.target import Target

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "recall/a", "precision/b")


def test_twenty_right_of_twenty_do_not_reach_a_target_of_95_percent() -> None:
    truth = np.array(["a", "b"] * 10, dtype=object)
    said = np.array([[0.98, 0.02], [0.02, 0.98]] * 10)
    found = measure(truth, said, ["a", "b"], Resampling(1000, 0.95, 7))
    for name in METRICS:
        assert found[name]["value"] == found[name]["high"] == 1
        assert found[name]["low"] < 0.9, name
        one = RoundSummary(0, found, 20, 20, 1.0, holdout=20)
        verdict = Target(name, 0.95).verdict(Outlook((one,), None, 1.0, candidates=100))
        assert not verdict.fires
    small = Target().verdict(Outlook((one,), None, 1.0, candidates=100)).reason
    assert "0.95 cannot be shown on a holdout of 20" in small


def test_the_lower_end_is_seldom_above_the_truth() -> None:
    """Stated margin: at n = 50 and p = 0.98 at most 5% of lower ends, nominally 2.5%."""
    rng, wrong = np.random.default_rng(0), dict.fromkeys(METRICS[:3], 0)
    for seed in range(200):
        which = rng.integers(2, size=50)
        guess = np.where(rng.random(50) < 0.98, which, 1 - which)
        said = np.where(np.arange(2) == guess[:, None], 0.98, 0.02)
        truth = np.array(["a", "b"], dtype=object)[which]
        found = measure(truth, said, ["a", "b"], Resampling(200, 0.95, seed))
        for name in wrong:
            wrong[name] += found[name]["low"] > 0.98
    assert all(count <= 10 for count in wrong.values()), wrong
