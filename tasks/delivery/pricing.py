"""What the next batch asks for and costs at most, by its parts, before anybody has chosen it."""

import math
from dataclasses import dataclass, field

import pandas as pd

from tasks.delivery import composition
from tasks.delivery.undone import Undone
from tasks.params import Params
from tasks.selection import candidates

NAMES = {
    "query": "queries",
    "gold": "gold",
    "requeue": "uncertain items asked again",
    "holdout": "holdout",
}
"""How the parts of a batch are called, in the order in which they are told."""


@dataclass(frozen=True)
class Situation:
    """All that decides what the next batch may ask for.

    Attributes
    ----------
    pool : DataFrame
        Column item_id.
    holdout, gold : DataFrame
        Columns item_id and label, null where the class is not known.
    labels, sent, answers : DataFrame
        As in `tasks.domain.tables`.
    undone : Undone
    """

    pool: pd.DataFrame
    holdout: pd.DataFrame
    gold: pd.DataFrame
    labels: pd.DataFrame
    sent: pd.DataFrame
    answers: pd.DataFrame
    undone: Undone = field(default_factory=Undone)

    def candidates(self, params: Params) -> int:
        """Count the items that can be queried."""
        pool = self.undone.askable(self.pool, self.sent)
        sent = self.undone.counted(self.sent)
        return int(
            candidates.open_items(pool["item_id"], self.labels, sent, params.most_copies).sum()
        )


@dataclass(frozen=True)
class Part:
    """One part of a batch: so many items, so many answers of them all together, what they cost."""

    items: int
    answers: int
    cost: float


@dataclass(frozen=True)
class Price:
    """What a batch costs at most.

    Attributes
    ----------
    parts : dict of str to Part
        By role, without those that ask for nothing.
    """

    parts: dict[str, Part]

    @property
    def cost(self) -> float:
        """All of it."""
        return math.fsum(part.cost for part in self.parts.values())

    @property
    def by_name(self) -> dict[str, float]:
        """What each part costs, by its name."""
        return {NAMES[role]: part.cost for role, part in self.parts.items()}

    def words(self) -> str:
        """Say items, answers and money of each part."""
        return ", ".join(
            f"{NAMES[role]} {part.items} x {_each(part)} = {part.cost:.2f}"
            for role, part in self.parts.items()
        )


def next_batch(params: Params, now: Situation) -> Price:
    """Price the batch that would be asked next.

    A query is counted with all the answers that a new item is asked for; one that came back to the
    pool may be asked for fewer.
    """
    policy = composition.policy_of(params)
    sent = now.undone.counted(now.sent)
    queries = min(params.score.batch, now.candidates(params))
    golds = min(policy.golds(queries), int(now.gold["label"].notna().sum()))
    new = composition.holdouts(now.holdout, sent, policy, composition.holdout_order(params))
    again = composition.requeues(now.undone.askable(now.labels, now.sent), sent, policy)
    counts = {str(role): _count(rows) for role, rows in pd.concat([new, again]).groupby("role")}
    counts |= {"query": (queries, queries * policy.redundancy)}
    counts |= {"gold": (golds, golds * policy.redundancy)}
    return _price(params, counts)


def later_batch(params: Params, now: Situation) -> Price:
    """Price a full batch of a round after the next, aside from items that turn out uncertain."""
    policy = composition.policy_of(params)
    first = next_batch(params, now).parts.get("holdout", Part(0, 0, 0.0))
    left = max(0, unbought(params, now) - first.items)
    golds = min(policy.golds(params.score.batch), int(now.gold["label"].notna().sum()))
    items = {
        "query": params.score.batch,
        "gold": golds,
        "holdout": left if policy.holdout is None else min(left, policy.holdout),
    }
    return _price(params, {role: (n, n * policy.redundancy) for role, n in items.items()})


def whole_holdout(params: Params, now: Situation) -> Part:
    """Price all holdout items whose class has still to be bought."""
    items = unbought(params, now)
    answers = items * params.push.redundancy
    return Part(items, answers, answers * params.vendor.price)


def unbought(params: Params, now: Situation) -> int:
    """Count the holdout items whose class is not known and was not asked for."""
    policy = composition.policy_of(params, holdout=None)
    sent, order = now.undone.counted(now.sent), composition.holdout_order(params)
    return len(composition.holdouts(now.holdout, sent, policy, order))


def _count(rows: pd.DataFrame) -> tuple[int, int]:
    return len(rows), int(rows["copies"].sum())


def _price(params: Params, counts: dict[str, tuple[int, int]]) -> Price:
    price = params.vendor.price
    return Price(
        {
            role: Part(items, answers, answers * price)
            for role in NAMES
            for items, answers in [counts.get(role, (0, 0))]
            if items
        }
    )


def _each(part: Part) -> str:
    if part.answers % part.items:
        return f"{part.answers / part.items:.1f} answers"
    each = part.answers // part.items
    return "1 answer" if each == 1 else f"{each} answers"
