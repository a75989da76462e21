"""What a batch consists of: queries, gold, items to ask again, and a part of the holdout."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tasks.domain.randomness import generator
from tasks.params import Params

COLUMNS = ["item_id", "role", "copy", "copies"]
"""Who is asked for, as what, the number of the first answer over the campaign, and how many."""


@dataclass(frozen=True)
class Policy:
    """How many people are asked.

    Attributes
    ----------
    redundancy : int
        Answers of an item that is asked for the first time.
    gold : float
        Gold items per query.
    max_answers : int
        Answers that are ever bought of one item, gold aside; `redundancy` if that is more.
    holdout : int or None
        Items of the holdout that are asked for in one round; None for all that are left.
    """

    redundancy: int
    gold: float
    max_answers: int
    holdout: int | None = None

    @property
    def limit(self) -> int:
        """The most answers of one item."""
        return max(self.redundancy, self.max_answers)

    def golds(self, n_queries: int) -> int:
        """Count the gold items that go with so many queries."""
        # 0.07 * 100 is 7.000000000000001 and means 7.
        return math.ceil(round(self.gold * n_queries, 9))


def policy_of(params: Params, **changes: Any) -> Policy:
    """Read how many people are asked out of params.yaml, with some `changes`."""
    push, per_round = params.push, params.evaluate.holdout_per_round
    policy = Policy(push.redundancy, push.gold, params.review.max_answers, per_round)
    return replace(policy, **changes)


def holdout_order(params: Params) -> np.random.Generator:
    """Make the generator that puts the holdout in order, the same in every round."""
    return generator(params.campaign.seed, 0, "push/holdout")


def queries(item_ids: Sequence[str], sent: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Ask `redundancy` times for each item.

    An item that came back to the pool goes on counting where it stopped, so that nobody is asked
    twice; one that has had all its answers is left out.
    """
    asked = _Asked(sent)
    rows = [asked.next(item_id, "query", policy.redundancy, policy.limit) for item_id in item_ids]
    return _frame(rows)


def requeues(labels: pd.DataFrame, sent: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Ask once more for each item whose label is too uncertain; the holdout stays the holdout."""
    asked = _Asked(sent)
    waiting = labels[labels["status"] == "low_confidence"]
    rows = [
        asked.next(item_id, "holdout" if role == "holdout" else "requeue", 1, policy.limit)
        for item_id, role in zip(waiting["item_id"], waiting["role"], strict=True)
    ]
    return _frame(rows)


def golds(
    item_ids: Sequence[str],
    sent: pd.DataFrame,
    policy: Policy,
    n_queries: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Mix in gold: the least used first, of those the longest unused, of those at random."""
    n = policy.golds(n_queries)
    used = sent[sent["role"] == "gold"].groupby("item_id")["round"].agg(["nunique", "max"])
    times, newest = used["nunique"].to_dict(), used["max"].to_dict()
    shuffled = [
        str(item_id) for item_id in rng.permutation(np.array(sorted(item_ids), dtype=object))
    ]
    shuffled.sort(key=lambda item_id: (times.get(item_id, 0), newest.get(item_id, -1)))
    return _all_copies(shuffled[:n], "gold", policy)


def holdouts(
    holdout: pd.DataFrame, sent: pd.DataFrame, policy: Policy, rng: np.random.Generator
) -> pd.DataFrame:
    """Buy the classes of holdout items that have none and were not asked for yet.

    At most `policy.holdout` are taken, in the order in which `rng` puts the whole holdout. With a
    generator that starts alike in every round, that order is fixed, so what was bought so far is
    at all times a simple random sample of the holdout.
    """
    asked = _Asked(sent)
    order = rng.permutation(np.array(sorted(holdout["item_id"]), dtype=object))
    unknown = set(holdout.loc[holdout["label"].isna(), "item_id"])
    left = unknown - set(sent.loc[sent["rejected"].astype(bool), "item_id"])
    wanted = [str(item) for item in order if item in left and not asked.wanted(item)]
    return _frame(
        [
            asked.next(item_id, "holdout", policy.redundancy, policy.limit)
            for item_id in sorted(wanted[: policy.holdout])
        ]
    )


def copies_wanted(sent: pd.DataFrame) -> "pd.Series[int]":
    """Count, by item, the answers that were asked for and not withdrawn; gold aside."""
    asked = sent[sent["role"] != "gold"]
    return (asked["copies"] - asked["withdrawn"]).groupby(asked["item_id"]).sum()


class _Asked:
    """How often each item was asked for."""

    def __init__(self, sent: pd.DataFrame) -> None:
        asked = sent[sent["role"] != "gold"]
        last = asked["copy"] + asked["copies"] - 1
        self._last: dict[Any, int] = last.groupby(asked["item_id"]).max().to_dict()
        self._wanted: dict[Any, int] = copies_wanted(sent).to_dict()

    def wanted(self, item_id: str) -> int:
        return int(self._wanted.get(item_id, 0))

    def next(self, item_id: str, role: str, n: int, limit: int) -> tuple[str, str, int, int]:
        copies = min(n, limit - self.wanted(item_id))
        return item_id, role, int(self._last.get(item_id, 0)) + 1, copies


def _all_copies(item_ids: Sequence[str], role: str, policy: Policy) -> pd.DataFrame:
    return _frame([(item_id, role, 1, policy.redundancy) for item_id in item_ids])


def _frame(rows: Sequence[tuple[str, str, int, int]]) -> pd.DataFrame:
    return pd.DataFrame([row for row in rows if row[-1] > 0], columns=COLUMNS)
