"""Which items of the pool may be queried now."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

SETTLED = ("labelled", "low_confidence")
QUERIES = ("query", "requeue")


def open_items(
    item_ids: "pd.Series[Any]", labels: pd.DataFrame, sent: pd.DataFrame, limit: int
) -> npt.NDArray[np.bool_]:
    """Tell which items are candidates, shape (len(item_ids),).

    An item is none if it has a label (`tasks.domain.tables.LABELS`), even one that another answer
    is due for, or if it was sent (`tasks.domain.tables.SENT`) and its answers are still to come:
    nothing is bought twice. One that review gave back to the pool, or that was withdrawn before
    anybody answered, is a candidate again, unless `limit` answers of it were asked for already or
    a vendor would not take it.
    """
    settled = labels.loc[labels["status"].isin(SETTLED), "item_id"]
    returned = labels.loc[labels["status"] == "returned", "item_id"]
    queried = sent[sent["role"].isin(QUERIES)]
    wanted = (queried["copies"] - queried["withdrawn"]).groupby(queried["item_id"]).sum()
    asked = wanted.index[wanted > 0].to_series()
    waiting = asked[~asked.isin(returned)]
    spent = wanted.index[wanted >= limit].to_series()
    rejected = queried.loc[queried["rejected"].astype(bool), "item_id"]
    return np.asarray(~item_ids.isin(pd.concat([settled, waiting, spent, rejected])))


def rows(pool: pd.DataFrame, labels: pd.DataFrame, sent: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Give the candidates' rows of the pool, in the order of item_id."""
    free = pool[open_items(pool["item_id"], labels, sent, limit)]
    return free.sort_values("item_id", ignore_index=True)
