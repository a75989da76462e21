"""Labels that were made elsewhere, among those that the campaign believes.

An imported label stands from the round on that counts it, whatever annotators say of its item
later; but it gives way to a label that was bought before that round, or whose next answer is due.
"""

from collections.abc import Sequence

import pandas as pd

from tasks.domain import tables

ROLE = "imported"
"""The role of an imported label in `tasks.domain.tables.LABELS`."""


def is_imported(labels: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which labels were imported."""
    return labels["role"] == ROLE


def bought(labels: pd.DataFrame) -> pd.DataFrame:
    """Leave out imported labels, which say nothing about annotators."""
    return labels[~is_imported(labels)]


def without(answers: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Leave out the answers to items whose label was imported: that one stands."""
    return answers[~answers["item_id"].isin(labels.loc[is_imported(labels), "item_id"])]


def laid_over(
    labels: pd.DataFrame, seeds: pd.DataFrame, imports: Sequence[pd.DataFrame], round_number: int
) -> pd.DataFrame:
    """Add labels that came from elsewhere to those of items that have none.

    Parameters
    ----------
    labels : DataFrame
        What the last round left (`tasks.domain.tables.LABELS`).
    seeds : DataFrame
        Classes that the items came with, as labels; items that were added later have some too.
    imports : sequence of DataFrame
        `tasks.domain.tables.IMPORTED`, in a fixed order: of two for one item the first stands.
    round_number : int
        The round that is open.
    """
    parts = [seeds, *(_as_labels(one, round_number) for one in imports)]
    there = [part for part in parts if len(part)]
    if not there:
        return labels
    found = pd.concat(there).drop_duplicates("item_id", keep="first")
    settled = labels.loc[labels["status"] != "returned", "item_id"]
    new = found[~found["item_id"].isin(settled)]
    if new.empty:
        return labels
    kept = labels[~labels["item_id"].isin(new["item_id"])]
    return pd.concat([kept, new], ignore_index=True) if len(kept) else new


def only_adds(before: pd.DataFrame, now: pd.DataFrame) -> bool:
    """Whether `now` is `before` with labels laid over it as `laid_over` does."""
    new = now["role"].isin(["seed", ROLE]) & ~now["item_id"].isin(
        before.loc[before["status"] != "returned", "item_id"]
    )
    kept = before[~before["item_id"].isin(now.loc[new, "item_id"])]
    ours, theirs = (
        one.assign(answer_ids=one["answer_ids"].map(list)).sort_values("item_id", ignore_index=True)
        for one in (kept, now[~new])
    )
    return bool(ours.equals(theirs))


def _as_labels(imported: pd.DataFrame, round_number: int) -> pd.DataFrame:
    return imported[["item_id", "label", "confidence"]].assign(
        status="labelled",
        role=ROLE,
        n_answers=0,
        answer_ids=pd.Series([[]] * len(imported), index=imported.index, dtype=object),
        aggregator=ROLE,
        round=round_number,
    )[list(tables.LABELS.columns)]
