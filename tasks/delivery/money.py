"""What was spent, and whether there is enough for a batch."""

import math

import pandas as pd

from tasks.domain.errors import BudgetError

CENT = 1e-9
"""Sums of prices differ from what they should be by less."""


def spent(answers: pd.DataFrame) -> float:
    """Add up the price of every answer once, whatever revisions of it came."""
    return math.fsum(answers.groupby("answer_id")["price"].max())


def outstanding(sent: pd.DataFrame, answers: pd.DataFrame) -> float:
    """Add up the price of all that was sent and not answered: late answers cost money too."""
    return math.fsum(sent.loc[~sent["key"].isin(answers["key"]), "price"])


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
