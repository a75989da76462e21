"""The laws of `tasks.domain.ports.Strategy`, for every strategy that can be named."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tasks import registry
from tasks.domain import tables
from tasks.domain.choosing import Candidates
from tasks.domain.randomness import generator
from tasks.params import Mix
from tasks.selection import candidates as choice
from tasks.selection import decisions, mix

OPTIONS: dict[str, dict[str, object]] = {}
"""For strategies that have an option without a default."""

TOP = [("cat", 0.48), ("dog", 0.41)]
every_strategy = pytest.mark.parametrize("name", registry.names("strategies"))


def build(name):
    return registry.build("strategies", name, OPTIONS.get(name))


def mix_of(*names):
    options = {name: OPTIONS[name] for name in names if name in OPTIONS}
    return Mix(shares=dict.fromkeys(names, 1 / len(names)), options=options)


@st.composite
def worlds(draw, max_items=25):
    """Candidates as a model leaves them: some sure, some tied, some never seen."""
    n, c, d = draw(st.integers(1, max_items)), draw(st.integers(2, 5)), draw(st.integers(1, 3))
    weight = st.sampled_from([0.0, 1e-12, 0.1, 0.5, 1.0, 3.0])
    weights = draw(arrays.arrays(float, (n, c), elements=weight))
    weights[weights.sum(axis=1) == 0] = 1
    number = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0])
    return Candidates(
        np.array([f"item-{number:03}" for number in range(n)], dtype=object),
        draw(arrays.arrays(float, (n, d), elements=number)),
        weights / weights.sum(axis=1, keepdims=True),
        tuple("abcde"[:c]),
    )


@every_strategy
@given(world=worlds(), n=st.integers(0, 30), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_scores_are_finite_one_per_candidate_and_repeatable(name, world, n, seed):
    before = [world.features.copy(), world.probabilities.copy()]
    first, again = (build(name).score(world, n, np.random.default_rng(seed)) for _ in range(2))
    assert first.shape == (len(world),)
    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    assert np.array_equal(first, again)
    assert np.array_equal(before[0], world.features)
    assert np.array_equal(before[1], world.probabilities)


@every_strategy
def test_scoring_leaves_no_trace_in_the_strategy(name):
    used, world = build(name), example_world()
    used.score(world, 5, np.random.default_rng(1))
    expected = build(name).score(world, 3, np.random.default_rng(2))
    assert np.array_equal(used.score(world, 3, np.random.default_rng(2)), expected)


@every_strategy
def test_reads_only_what_it_declares(name):
    strategy, world = build(name), example_world()
    reduced = dataclasses.replace(
        world,
        features=world.features if strategy.needs_features else np.empty((len(world), 0)),
        probabilities=world.probabilities if strategy.needs_model else None,
    )
    full, less = (strategy.score(w, 5, np.random.default_rng(3)) for w in (world, reduced))
    assert np.array_equal(full, less)


@every_strategy
@given(seed=st.integers(0, 2**32))
@settings(max_examples=5, deadline=None)
def test_a_shuffled_pool_gives_the_same_decisions(name, seed):
    world = example_world()
    pool = pd.DataFrame({"item_id": world.item_ids, "place": range(len(world))})
    shuffled = pool.sample(frac=1, random_state=np.random.default_rng(seed))
    pd.testing.assert_frame_equal(decide(world, pool, name), decide(world, shuffled, name))


def decide(world, pool, name):
    rows = choice.rows(pool, tables.LABELS.empty(), tables.SENT.empty(), 5)
    places = rows["place"].to_numpy()
    found = Candidates(
        rows["item_id"].to_numpy(dtype=object),
        world.features[places],
        world.probabilities[places],
        world.classes,
    )
    policy = mix_of(*dict.fromkeys([name, "uniform"]))
    scored = mix.score(policy, found, 7, lambda use: generator(0, 1, use))
    return decisions.table(found, scored, mix.select(scored, 9))


@every_strategy
def test_is_a_frozen_dataclass_that_says_what_it_needs(name):
    strategy = build(name)
    assert type(strategy).__dataclass_params__.frozen
    assert strategy == build(name)
    for flag in ("needs_model", "is_random", "needs_features"):
        assert isinstance(getattr(type(strategy), flag), bool)
        assert flag not in {field.name for field in dataclasses.fields(strategy)}


@every_strategy
def test_a_deterministic_strategy_is_not_moved_by_the_names_of_items(name):
    strategy, world = build(name), example_world()
    renamed = dataclasses.replace(world, item_ids=np.array([f"x{i}" for i in world.item_ids]))
    one, other = (strategy.score(w, 5, np.random.default_rng(4)) for w in (world, renamed))
    assert np.array_equal(one, other)


@every_strategy
@pytest.mark.parametrize("score", [0.0, 0.37, 0.999999, 1.5])
def test_a_reason_is_one_sentence(name, score):
    strategy = build(name)
    tops = [TOP] if strategy.needs_model else [TOP, []]
    for top in tops:
        reason = strategy.reason(score, top)
        assert reason == reason.strip()
        assert len(reason) > 10
        assert "\n" not in reason
        assert ". " not in reason
        assert not reason.endswith(".")
        assert all(word in reason for label, _ in top for word in [label])


def example_world():
    rng = np.random.default_rng(8)
    return Candidates(
        np.array([f"item-{number:03}" for number in range(60)], dtype=object),
        rng.normal(size=(60, 3)).round(1),
        rng.dirichlet(np.full(4, 0.5), 60).round(1) + 0.0,
        tuple("abcd"),
    )
