"""The tables that are exported."""

import pyarrow as pa
import pyarrow.compute as pc

from tasks import campaign as at
from tasks.audit import came_in
from tasks.audit.rounds import Rounds
from tasks.domain import parquet, tables

FIRST = ("item_id", "label", "confidence", "status", "role", "source", "round", "n_answers")
"""The columns of labels that people ask for first."""


def table(rounds: Rounds, number: int, path: str) -> pa.Table:
    """Read a table of a closed round, as `Rounds.content`."""
    return parquet.read_bytes(rounds.content(number, path), f"{path} of round {number}")


def labels(rounds: Rounds, number: int, with_items: bool) -> pa.Table:
    """Read the labels of a closed round, and whose they are if they were imported.

    Parameters
    ----------
    with_items : bool
        Put the items' columns after those of the labels; a name that both have is ``item.NAME``.
    """
    found = table(rounds, number, at.LABELS)
    found = found.append_column("source", _sources(rounds, number, found))
    found = found.select([*FIRST, *(name for name in found.column_names if name not in FIRST)])
    return _beside(found, _items(rounds, number)) if with_items else found


def _sources(rounds: Rounds, number: int, found: pa.Table) -> pa.Array:
    imported = came_in.labels(rounds, number).drop_duplicates("item_id")
    source = dict(zip(imported["item_id"], imported["source"], strict=True))
    pairs = zip(found["item_id"].to_pylist(), found["role"].to_pylist(), strict=True)
    return pa.array(
        [source[one] if role == "imported" else None for one, role in pairs], tables.TEXT
    )


def _items(rounds: Rounds, number: int) -> pa.Table:
    parts = [table(rounds, number, path) for path in (at.POOL, at.HOLDOUT)]
    columns = parts[0].column_names
    return pa.concat_tables([part.select(columns) for part in parts], promote_options="permissive")


def _beside(found: pa.Table, items: pa.Table) -> pa.Table:
    rows = items.take(pc.index_in(found["item_id"], items["item_id"]))
    for name in rows.column_names[1:]:
        free = name if name not in found.column_names else f"item.{name}"
        found = found.append_column(free, rows[name])
    return found
