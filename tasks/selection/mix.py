"""Fill a batch from several strategies.

First the strategies that are not random take their quotas, in the order in which they are declared,
each its best of what is not yet taken. Then the random ones draw a simple random sample without
replacement from the rest. So with N candidates, K of them taken before and m drawn, every item
among the N - K had the same chance m / (N - K) to be asked, and the K had the chance 1: they depend
on scores alone.

These inclusion probabilities are what makes estimates over all candidates unbiased although most
of the batch was chosen for being difficult: the sum of y / p over the asked items has the sum of y
over all candidates as its mean, as long as no p is 0, that is, as long as m is at least 1.
Horvitz, Thompson: A generalization of sampling without replacement from a finite universe,
JASA 1952, doi 10.1080/01621459.1952.10483446.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks import registry
from tasks.domain.choosing import Candidates, Floats
from tasks.domain.errors import ParamsError
from tasks.domain.ports import Strategy
from tasks.params import Mix
from tasks.selection.quotas import largest_remainder

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Scored:
    """One strategy of a mix and what it says of every candidate.

    Attributes
    ----------
    quota : int
        How many items of the batch it takes.
    scores : ndarray of float64, shape (n candidates,)
    """

    name: str
    strategy: Strategy
    quota: int
    scores: Floats


@dataclass(frozen=True)
class Selection:
    """What is asked and what came next; items are positions among the candidates, best first.

    Attributes
    ----------
    picked : mapping of str to ndarray of int
        For every strategy, in the order of declaration, the items it took.
    runners_up : ndarray of int
        The items nearest to being taken by `first`.
    first : str
        The strategy that chose from all candidates.
    chance : float
        Of an item that no deterministic strategy took to be drawn; 0 if nothing is drawn.
    """

    picked: Mapping[str, Positions]
    runners_up: Positions
    first: str
    chance: float


def needs_features(mix: Mix) -> bool:
    """Tell whether a strategy of the mix reads `Candidates.features`."""
    return any(registry.component("strategies", name).needs_features for name in mix.shares)


def score(
    mix: Mix,
    candidates: Candidates,
    n: int,
    generator: Callable[[str], np.random.Generator],
) -> list[Scored]:
    """Ask every strategy of the mix for the scores of at least n candidates.

    Parameters
    ----------
    generator : callable
        Gives each strategy, by its name, its own generator.

    Raises
    ------
    ParamsError
        A strategy did not give one finite number per candidate.
    """
    quotas = largest_remainder(mix.shares, n)
    return [
        _scored(name, mix, candidates, quota, generator(name)) for name, quota in quotas.items()
    ]


def select(scored: Sequence[Scored], runners_up: int) -> Selection:
    """Fill the batch by the quotas, which add up to at least 1 and at most all candidates."""
    in_turn = sorted(scored, key=lambda part: part.strategy.is_random)
    free = np.ones(len(scored[0].scores), dtype=bool)
    picked = {}
    for part in in_turn:
        picked[part.name] = _best(part.scores, free, part.quota)
        free[picked[part.name]] = False
    first = next(part for part in in_turn if part.quota)
    return Selection(
        picked={part.name: picked[part.name] for part in scored},
        runners_up=_best(first.scores, free, runners_up),
        first=first.name,
        chance=_chance(scored),
    )


def _scored(
    name: str, mix: Mix, candidates: Candidates, quota: int, rng: np.random.Generator
) -> Scored:
    strategy: Strategy = registry.build("strategies", name, mix.options.get(name))
    scores = strategy.score(candidates, quota, rng)
    if scores.shape != (len(candidates),) or not np.isfinite(scores).all():
        raise ParamsError(
            f"the strategy {name!r} does not give one finite score per candidate",
            where="score",
            fix="take another one, or run the contract tests on it",
        )
    return Scored(name, strategy, quota, scores)


def _best(scores: Floats, free: npt.NDArray[np.bool_], n: int) -> Positions:
    """Find the n highest free scores, best first; of equal ones the first, which item_id orders."""
    among = np.flatnonzero(free)
    if n < len(among):
        lowest = np.partition(scores[among], -n)[-n] if n else np.inf
        among = among[scores[among] >= lowest]
    return np.asarray(among[np.argsort(-scores[among], kind="stable")[:n]])


def _chance(scored: Sequence[Scored]) -> float:
    drawn = sum(part.quota for part in scored if part.strategy.is_random)
    taken = sum(part.quota for part in scored if not part.strategy.is_random)
    return drawn / (len(scored[0].scores) - taken) if drawn else 0.0
