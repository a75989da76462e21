"""What was spent, and whether there is enough for a batch."""

import math

import pandas as pd

from tasks.domain.errors import BudgetError

CENT = 1e-9
"""Sums of prices differ from what they should be by less."""


def spent(answers: pd.DataFrame) -> float:
    """Add up the price of every answer once, as its newest revision has it: 0 if taken back."""
    return math.fsum(_newest(answers)["price"])


def outstanding(sent: pd.DataFrame, answers: pd.DataFrame) -> float:
    """Add up the price of all that was asked for, and neither answered nor withdrawn.

    Late answers cost money too.
    """
    return math.fsum(missing(sent, answers) * sent["price"])


def missing(sent: pd.DataFrame, answers: pd.DataFrame) -> "pd.Series[int]":
    """Count for each task the answers that were asked for, and neither given nor withdrawn."""
    given = answered(sent["key"], answers)
    return (sent["copies"] - sent["withdrawn"] - given).clip(lower=0).astype(int)


def answered(keys: "pd.Series[str]", answers: pd.DataFrame) -> "pd.Series[int]":
    """Count the answers that each task has now."""
    newest = _newest(answers)
    there = newest[newest["label"].notna()].groupby("key").size()
    return keys.map(there).fillna(0).astype(int)


def committed(sent: pd.DataFrame, answers: pd.DataFrame) -> float:
    """Give what is spent and what may still be, of all that was sent."""
    return spent(answers) + outstanding(sent, answers)


def refuse_overspending(budget: float | None, already: float, batch: float) -> None:
    """Raise a `BudgetError` if a batch would cost more than is left."""
    if budget is None or already + batch <= budget + CENT:
        return
    left = max(0.0, budget - already)
    raise BudgetError(
        f"the batch costs up to {batch:.2f}, and {left:.2f} of {budget:.2f} is left",
        where="params.yaml campaign.budget",
        fix="raise it, or lower score.batch, push.redundancy or push.gold",
    )


def _newest(answers: pd.DataFrame) -> pd.DataFrame:
    ordered = answers.sort_values(["answer_id", "revision"])
    return ordered.drop_duplicates("answer_id", keep="last")
