"""What the campaign believes of each item, and what is to become of what it is not sure of."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.domain import tables

ROLES = ("query", "requeue", "holdout")
"""Roles of items that get labels; what gold is was known before."""


@dataclass(frozen=True)
class Policy:
    """When a label is sure enough, and what else happens.

    Attributes
    ----------
    min_confidence : float
    low_confidence : str
        ``another_answer`` asks one more annotator, until there are `max_answers`; ``back_to_pool``
        takes the label away and lets a strategy choose the item again.
    max_answers : int
    """

    min_confidence: float
    low_confidence: Literal["another_answer", "back_to_pool"]
    max_answers: int


def believe(
    consensus: pd.DataFrame,
    answers: pd.DataFrame,
    base: pd.DataFrame,
    policy: Policy,
    round_number: int,
    aggregator: str,
) -> pd.DataFrame:
    """Make the labels after a round, as `tasks.domain.tables.LABELS`.

    Labels that no answers made, as those of seeds, stay as they were. An item keeps the role that
    it was first asked in, and the round that first labelled it. One whose answers were all taken
    back has lost its label, and is returned.

    Parameters
    ----------
    consensus : DataFrame
        Columns item_id, label, confidence.
    answers : DataFrame
        One answer of an annotator per item (`tasks.domain.tables.ANSWERS`).
    base : DataFrame
        The labels before the round.
    """
    asked = answers[answers["role"].isin(ROLES)]
    if asked.empty:
        return _without_answers(base)
    labels = consensus.merge(_evidence(asked), on="item_id")
    labels["status"] = _status(labels, policy)
    labels["label"] = labels["label"].where(labels["status"] != "returned", None)
    labels["aggregator"] = aggregator
    labels["round"] = _first_round(labels, base, round_number)
    kept = _without_answers(base[~base["item_id"].isin(labels["item_id"])])
    return pd.concat([kept, labels[list(tables.LABELS.columns)]], ignore_index=True)


def _without_answers(base: pd.DataFrame) -> pd.DataFrame:
    """Take the labels away from items that had answers and have none any more."""
    lost = base["answer_ids"].map(len) > 0
    changed = base.assign(
        label=base["label"].where(~lost, None),
        confidence=base["confidence"].where(~lost, 0.0),
        status=base["status"].where(~lost, "returned"),
        n_answers=base["n_answers"].where(~lost, 0),
        answer_ids=base["answer_ids"].map(lambda _: []),
    )
    return changed if lost.any() else base


def _evidence(asked: pd.DataFrame) -> pd.DataFrame:
    by_item = asked.sort_values(["round", "answer_id"]).groupby("item_id")
    return pd.DataFrame(
        {
            "role": by_item["role"].first(),
            "n_answers": by_item.size(),
            "answer_ids": by_item["answer_id"].agg(sorted),
        }
    ).reset_index()


def _status(labels: pd.DataFrame, policy: Policy) -> npt.NDArray[np.object_]:
    unsure = labels["confidence"] < policy.min_confidence
    another = (labels["n_answers"] < policy.max_answers) & (
        policy.low_confidence == "another_answer"
    )
    # There is no pool for an item of the holdout to go back to, and every one left out would bias
    # the measurement: what its annotators say in the end stands.
    returned = unsure & ~another & (labels["role"] != "holdout")
    return np.select([unsure & another, returned], ["low_confidence", "returned"], "labelled")


def _first_round(labels: pd.DataFrame, base: pd.DataFrame, round_number: int) -> "pd.Series[int]":
    # What was returned before and is so again stays as it was.
    unchanged = base["item_id"].isin(labels.loc[labels["status"] == "returned", "item_id"])
    before = base[base["label"].notna() | unchanged].set_index("item_id")["round"]
    first = labels["item_id"].map(before)
    return first.fillna(round_number).astype("int64")
