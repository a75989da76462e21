"""What a batch consists of: queries, gold, items to ask again, and in round 0 the holdout."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COPY_COLUMNS = ["item_id", "role", "copy"]


@dataclass(frozen=True)
class Policy:
    """How many people are asked.

    Attributes
    ----------
    redundancy : int
        Copies of an item that is asked for the first time.
    gold : float
        Gold items per query.
    max_answers : int
        Copies that are ever bought of one item, gold aside; `redundancy` if that is more.
    """

    redundancy: int
    gold: float
    max_answers: int

    @property
    def limit(self) -> int:
        """The highest number that a copy may have."""
        return max(self.redundancy, self.max_answers)


def queries(item_ids: Sequence[str], sent: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Ask `redundancy` times for each item.

    An item that came back to the pool goes on counting where it stopped, so that nobody is asked
    twice; one that has had all its copies is left out.
    """
    before = copies_sent(sent)
    rows = [
        (item_id, "query", copy)
        for item_id in item_ids
        for copy in _next_copies(before.get(item_id, 0), policy.redundancy, policy.limit)
    ]
    return pd.DataFrame(rows, columns=COPY_COLUMNS)


def requeues(labels: pd.DataFrame, sent: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Ask once more for each item whose label is too uncertain; the holdout stays the holdout."""
    before = copies_sent(sent)
    waiting = labels[labels["status"] == "low_confidence"]
    rows = [
        (item_id, "holdout" if role == "holdout" else "requeue", copy)
        for item_id, role in zip(waiting["item_id"], waiting["role"], strict=True)
        for copy in _next_copies(before.get(item_id, 0), 1, policy.limit)
    ]
    return pd.DataFrame(rows, columns=COPY_COLUMNS)


def golds(
    item_ids: Sequence[str],
    sent: pd.DataFrame,
    policy: Policy,
    n_queries: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Mix in gold: the least used first, of those the longest unused, of those at random."""
    # 0.07 * 100 is 7.000000000000001 and means 7.
    n = math.ceil(round(policy.gold * n_queries, 9))
    used = sent[sent["role"] == "gold"].groupby("item_id")["round"].agg(["nunique", "max"])
    times, newest = used["nunique"].to_dict(), used["max"].to_dict()
    shuffled = [
        str(item_id) for item_id in rng.permutation(np.array(sorted(item_ids), dtype=object))
    ]
    shuffled.sort(key=lambda item_id: (times.get(item_id, 0), newest.get(item_id, -1)))
    return _all_copies(shuffled[:n], "gold", policy)


def holdouts(holdout: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Buy the classes of the holdout items that have none."""
    unknown = holdout.loc[holdout["label"].isna(), "item_id"]
    return _all_copies(sorted(unknown), "holdout", policy)


def copies_sent(sent: pd.DataFrame) -> dict[str, int]:
    """Give each item's highest copy so far; gold starts anew in each round."""
    asked = sent[sent["role"] != "gold"]
    highest = asked.groupby("item_id")["copy"].max()
    return {str(item_id): int(copy) for item_id, copy in highest.items()}


def _all_copies(item_ids: Sequence[str], role: str, policy: Policy) -> pd.DataFrame:
    copies = range(1, policy.redundancy + 1)
    rows = [(item_id, role, copy) for item_id in item_ids for copy in copies]
    return pd.DataFrame(rows, columns=COPY_COLUMNS)


def _next_copies(before: int, n: int, limit: int) -> range:
    return range(before + 1, min(before + n, limit) + 1)
