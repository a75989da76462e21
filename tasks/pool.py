"""The items: what may be queried, what is held out, what is gold, and what is known of them.

`tasks.pipeline` adds the source to the inputs where it is files and not an example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import tables
from tasks.domain.errors import DataError
from tasks.domain.stage import Stage
from tasks.ingest import id_list
from tasks.ingest.added import with_added
from tasks.ingest.room import most
from tasks.ingest.source import MADE_ID, open_source
from tasks.params import Params

STAGE = Stage(
    "pool",
    inputs=(at.ROUND, at.HOLDOUT_IDS, at.GOLD_IDS),
    outputs=(at.POOL, at.HOLDOUT, at.GOLD, at.SEED_LABELS, at.TRUTH),
    params=("campaign.classes", "pool"),
    intake=at.ADDED,
)
SHOWN = 5


@dataclass(frozen=True)
class Items:
    """A source, taken apart.

    Attributes
    ----------
    pool : pyarrow.Table
        ``item_id`` first, then all other columns but the label; by item_id.
    holdout, gold : pyarrow.Table
        The same with a last column ``label``, null where not known.
    known : DataFrame
        Columns item_id, label: the pool's items whose class is known.
    """

    pool: pa.Table
    holdout: pa.Table
    gold: pa.Table
    known: pd.DataFrame


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write the pool, the holdout, the gold items and what is known of them.

    Raises
    ------
    DataError
        The source cannot be items, a label is no class, or an id of the holdout or of gold is not
        in the source.
    """
    source = with_added(
        open_source(params.pool.source, campaign.root, most(campaign, params)),
        campaign.root,
        at.ADDED,
        campaign.intake(at.ADDED),
    )
    found = source.read(id=params.pool.id, label=params.pool.label)
    table = named(found.table, id=params.pool.id or MADE_ID, label=params.pool.label)
    require_classes(table, params.campaign.classes, params.pool.source)
    holdout, gold = (
        id_list.read(campaign.path(name), name) for name in (at.HOLDOUT_IDS, at.GOLD_IDS)
    )
    items = split(table, holdout, gold)
    known = params.pool.known
    tables.write_items(campaign.path(at.POOL), items.pool)
    tables.write_items(campaign.path(at.HOLDOUT), items.holdout)
    tables.write_items(campaign.path(at.GOLD), items.gold)
    seeds = seed_labels(items.known) if known == "seed" else tables.LABELS.empty()
    tables.write(campaign.path(at.SEED_LABELS), seeds, tables.LABELS)
    truth = all_known(items) if known == "hidden" else tables.TRUTH.empty()
    tables.write(campaign.path(at.TRUTH), truth, tables.TRUTH)
    remarks = {"remarks": list(found.remarks)} if found.remarks else {}
    return {
        "items": items.pool.num_rows,
        "holdout": items.holdout.num_rows,
        "gold": items.gold.num_rows,
        "seed_labels": len(seeds),
        "known": len(truth),
        **remarks,
    }


def named(table: pa.Table, *, id: str, label: str | None) -> pa.Table:
    """Give the id and label columns the names that a campaign uses, and their places.

    Returns
    -------
    pyarrow.Table
        ``item_id`` first, ``label`` last (all null if there is none), rows by item_id.

    Raises
    ------
    DataError
        Another column has one of these names.
    """
    own = {id: "item_id"} if label is None else {id: "item_id", label: "label"}
    for name in table.column_names:
        if name in ("item_id", "label") and own.get(name) != name:
            raise DataError(
                f"column {name!r} is neither pool.id nor pool.label but has a name that the "
                "campaign needs",
                fix="rename it in the source",
            )
    columns = {"item_id": table[id]}
    columns |= {name: table[name] for name in table.column_names if name not in own}
    columns["label"] = pa.nulls(table.num_rows, pa.string()) if label is None else table[label]
    return pa.table(columns).sort_by("item_id")


def require_classes(table: pa.Table, classes: Sequence[str], where: str) -> None:
    """Refuse known labels that are none of the declared classes.

    Raises
    ------
    DataError
        Names how many, and the first items.
    """
    known = pc.is_valid(table["label"])
    outside = table.filter(
        pc.and_(known, pc.invert(pc.is_in(table["label"], pa.array(classes, pa.string()))))
    ).select(["item_id", "label"])
    if outside.num_rows:
        shown = ", ".join(f"{row['item_id']} ({row['label']!r})" for row in _first(outside))
        raise DataError(
            f"{outside.num_rows} labels are none of campaign.classes: {shown}",
            where=where,
            fix="add the classes to params.yaml, or mend the labels",
        )


def split(table: pa.Table, holdout: Sequence[str], gold: Sequence[str]) -> Items:
    """Take the holdout and the gold items out of the pool.

    Parameters
    ----------
    table : pyarrow.Table
        As `named` gives it.
    holdout, gold : sequence of str
        Ids.

    Raises
    ------
    DataError
        An id is not there, or is in both; a gold item has no known class; the pool is empty.
    """
    _require_items(table, holdout, at.HOLDOUT_IDS)
    _require_items(table, gold, at.GOLD_IDS)
    if both := sorted(set(holdout) & set(gold)):
        raise DataError(f"{both[0]!r} is in {at.HOLDOUT_IDS} too", where=at.GOLD_IDS)
    ids, apart = table["item_id"], pa.array([*holdout, *gold], pa.string())
    gold_items = table.filter(pc.is_in(ids, pa.array(gold, pa.string())))
    if gold_items["label"].null_count:
        unknown = gold_items.filter(pc.is_null(gold_items["label"]))["item_id"][0]
        raise DataError(f"{unknown.as_py()!r} has no known class", where=at.GOLD_IDS)
    pool = table.filter(pc.invert(pc.is_in(ids, apart)))
    if not pool.num_rows:
        raise DataError("no item is left for the pool beside holdout and gold")
    return Items(
        pool.drop_columns(["label"]),
        table.filter(pc.is_in(ids, pa.array(holdout, pa.string()))),
        gold_items,
        _known(pool),
    )


def seed_labels(known: pd.DataFrame) -> pd.DataFrame:
    """Make labels out of classes that were known before anybody was asked.

    Parameters
    ----------
    known : DataFrame
        Columns item_id, label.

    Returns
    -------
    DataFrame
        As `tables.LABELS`.
    """
    return known.assign(
        confidence=1.0,
        status="labelled",
        role="seed",
        n_answers=0,
        answer_ids=pd.Series([[]] * len(known), index=known.index, dtype=object),
        aggregator="known",
        round=-1,
    )


def all_known(items: Items) -> pd.DataFrame:
    """Gather the known classes of all items, as `tables.TRUTH`."""
    return pd.concat([items.known, _known(items.holdout), _known(items.gold)], ignore_index=True)


def _known(table: pa.Table) -> pd.DataFrame:
    pair = table.select(["item_id", "label"])
    frame: pd.DataFrame = pair.filter(pc.is_valid(pair["label"])).to_pandas()
    return frame


def _require_items(table: pa.Table, ids: Sequence[str], where: str) -> None:
    known = set(table["item_id"].to_pylist())
    if missing := sorted(set(ids) - known):
        raise DataError(
            f"{len(missing)} items are not in the source: {', '.join(missing[:SHOWN])}",
            where=where,
            fix="bring them back to the source; the holdout and gold never change",
        )


def _first(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.slice(0, SHOWN).to_pylist()
    return rows
