import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain.choosing import Candidates
from tasks.domain.errors import ParamsError
from tasks.domain.randomness import generator
from tasks.params import Mix
from tasks.selection import mix
from tasks.strategies.margin import Margin
from tasks.strategies.uniform import Uniform


def best(scores, free, n):
    """Do it the slow and plain way."""
    order = sorted(np.flatnonzero(free), key=lambda place: (-scores[place], place))
    return order[:n]


def part(name, scores, quota, strategy=Margin):
    return mix.Scored(name, strategy(), quota, np.asarray(scores, dtype=float))


@given(
    tables=st.integers(1, 40).flatmap(
        lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n)] * 3)
    ),
    quotas=st.tuples(st.integers(1, 15), st.integers(0, 15), st.integers(0, 15)),
    runners_up=st.integers(0, 50),
)
@settings(max_examples=200)
def test_each_takes_its_best_of_what_is_left_and_ties_go_by_place(tables, quotas, runners_up):
    n = len(tables[0])
    quotas = [min(quota, n // 3 or (number == 0)) for number, quota in enumerate(quotas)]
    first, second, drawn = (np.array(scores, dtype=float) for scores in tables)
    found = mix.select(
        [
            part("drawn", drawn, quotas[2], Uniform),
            part("first", first, quotas[0]),
            part("second", second, quotas[1]),
        ],
        runners_up,
    )
    assert list(found.picked) == ["drawn", "first", "second"]
    free = np.ones(n, dtype=bool)
    for name, scores, quota in zip(
        ("first", "second", "drawn"), (first, second, drawn), quotas, strict=True
    ):
        assert found.picked[name].tolist() == best(scores, free, quota)
        free[found.picked[name]] = False
    assert found.first == "first"
    assert found.runners_up.tolist() == best(first, free, runners_up)


def test_the_first_with_a_quota_names_the_runners_up():
    scored = [part("none", [3, 2, 1], 0), part("some", [1, 2, 3], 1)]
    found = mix.select(scored, 2)
    assert found.first == "some"
    assert found.runners_up.tolist() == [1, 0]


def test_a_mix_of_chance_alone_has_runners_up_too():
    found = mix.select([part("drawn", [0.3, 0.9, 0.5], 1, Uniform)], 5)
    assert (found.first, found.runners_up.tolist()) == ("drawn", [2, 0])


@pytest.mark.parametrize(
    ("taken", "drawn", "chance"), [(3, 2, 2 / 7), (0, 5, 0.5), (4, 0, 0.0), (4, 6, 1.0)]
)
def test_the_chance_to_be_drawn(taken, drawn, chance):
    scores = np.arange(10)
    scored = [part("fixed", scores, taken), part("drawn", scores, drawn, Uniform)]
    assert mix.select(scored, 0).chance == chance


def test_two_random_strategies_are_one_sample():
    scores = np.arange(10)
    scored = [part("one", scores, 2, Uniform), part("two", scores, 3, Uniform)]
    assert mix.select(scored, 0).chance == 0.5


def test_each_strategy_has_its_own_generator_and_quota():
    ids = np.array(list("abcdefgh"), dtype=object)
    candidates = Candidates(ids, np.eye(8), None, ("x", "y"))
    asked = []
    scored = mix.score(
        Mix(shares={"kmeans": 0.75, "uniform": 0.25}),
        candidates,
        4,
        lambda name: asked.append(name) or generator(0, 0, f"score/{name}"),
    )
    assert asked == ["kmeans", "uniform"]
    assert [one.quota for one in scored] == [3, 1]
    assert (scored[0].scores > 1).sum() == 3


def test_scores_that_are_no_numbers_are_refused():
    ids = np.array(["a", "b"], dtype=object)
    broken = np.array([[np.nan, 0.5], [0.5, 0.5]])
    candidates = Candidates(ids, np.empty((2, 0)), broken, ("x", "y"))
    with pytest.raises(ParamsError, match="'margin'"):
        mix.score(Mix(shares={"margin": 1.0}), candidates, 1, lambda _: np.random.default_rng(0))


def test_only_kmeans_reads_features():
    assert mix.needs_features(Mix(shares={"uniform": 0.5, "kmeans": 0.5}))
    assert not mix.needs_features(Mix(shares={"uniform": 0.1, "margin": 0.9}))
