"""All items of a campaign, and what is known of their classes."""

import pandas as pd
import pyarrow as pa

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import parquet


def known(campaign: Campaign, bought: pd.DataFrame) -> tuple[pa.Table, pa.ChunkedArray]:
    """Put pool, holdout and gold together, with the classes that are known of them.

    Parameters
    ----------
    campaign : Campaign
        Whose stage `pool` has run.
    bought : DataFrame
        As `tasks.domain.tables.LABELS`; counts where a class was not known before.

    Returns
    -------
    items : pyarrow.Table
        By ``item_id``.
    labels : pyarrow.ChunkedArray of string
        Null where not known.
    """
    parts = [parquet.read(campaign.path(name)) for name in (at.POOL, at.HOLDOUT, at.GOLD)]
    given = [part.select(["item_id", "label"]).to_pandas() for part in parts[1:]]
    given += [
        parquet.read(campaign.path(name), ["item_id", "label"]).to_pandas()
        for name in (at.TRUTH, at.SEED_LABELS)
    ]
    believed = bought.loc[bought["status"] == "labelled", ["item_id", "label"]]
    classes = pd.concat([*given, believed]).dropna().drop_duplicates("item_id")
    names = parts[0].column_names
    items = pa.concat_tables([part.select(names) for part in parts]).sort_by("item_id")
    labels = items["item_id"].to_pandas().map(classes.set_index("item_id")["label"])
    return items, pa.chunked_array([pa.array(labels, pa.string(), from_pandas=True)])
