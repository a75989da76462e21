"""The pieces of benchmarks/coverage.py and benchmarks/plateau.py, small."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def load(name: str) -> Any:
    return importlib.import_module(name)


def test_coverage_counts_what_missed() -> None:
    coverage = load("coverage")
    count = coverage.Count("accuracy", "any", 10, truth=0.5)
    for low, high in ((0.6, 0.7), (0.4, 0.45), (0.4, 0.6), (0.5, 0.5)):
        count.add({"low": low, "high": high}, (0.6, 0.7), 1 / 4)
    assert (count.above, count.below, count.bootstrap) == (0.25, 0.25, 1.0)
    assert count.width == pytest.approx((0.1 + 0.05 + 0.2) / 4)


def test_coverage_draws_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    coverage = load("coverage")
    monkeypatch.setattr(coverage, "LARGE", 20_000)
    monkeypatch.setattr(coverage, "RESAMPLES", 100)
    population = coverage.Population("two", 40, [1, 1], [0.9, 0.9], overstated=0.1)
    single = {one.metric: one for one in coverage.singles(population, 3)}
    assert single["accuracy"].truth == pytest.approx(0.8, abs=0.02)
    assert single["expected_calibration_error"].truth == pytest.approx(0.1, abs=0.02)
    assert {one.truth for one in coverage.pairs(population, 3)} == {0.0}


def test_a_rule_of_values_stops_where_the_paired_one_does_not() -> None:
    plateau = load("plateau")
    rng = np.random.default_rng(0)
    which = rng.integers(2, size=900)
    items = which[:, None] + rng.normal(size=(900, 3))
    labels = np.array(["a", "b"], dtype=object)[which]
    one = plateau.run(items, labels, 4, seed=0)
    assert len(one.said) == len(one.worth) == 4
    assert one.said[0].shape == (500, 2)
    assert min(one.worth) > 0.6
    still = plateau.Campaign(one.classes, one.labels, one.said[:1] * 9, one.worth[:1] * 9)
    asked = [plateau.asked(rule, [still], 100) for rule in plateau.RULES.values()]
    assert [found["stopped"] for found in asked] == [1.0, 0.0, 0.0]
    assert asked[0]["early by 0.002"] == 0.0
