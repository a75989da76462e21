"""Other items with the columns, and the kinds of columns, that a campaign's pool has."""

import difflib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.errors import DataError
from tasks.ingest import text_types
from tasks.ingest.ids import as_ids
from tasks.ingest.plain import is_list
from tasks.ingest.shards import Shard


def matched(shard: Shard, id_names: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Take the columns of a schema out of a file's rows.

    Parameters
    ----------
    shard : Shard
    id_names : sequence of str
        Names that the column of ids may have; the first that is there is taken.
    schema : pyarrow.Schema
        The columns that are wanted, as the pool has them.

    Returns
    -------
    pyarrow.Table
        ``item_id``, then the columns of the schema. Numbers may be of another width.

    Raises
    ------
    DataError
        A column is missing or of another kind, or an id cannot be one.
    """
    names = shard.table.column_names
    id_column = next((name for name in id_names if name in names), id_names[0])
    for name in (id_column, *schema.names):
        _require(name, names, shard.name)
    columns = {"item_id": as_ids(shard.table[id_column], id_column, shard.name)}
    for field in schema:
        columns[field.name] = _column(shard, field)
    return pa.table(columns)


def _require(name: str, names: Sequence[str], where: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        fix = f"rename {near[0]!r}" if near else f"add it; it has {', '.join(names)}"
        raise DataError(f"has no column {name!r}", where=where, fix=fix)


def _column(shard: Shard, field: pa.Field) -> pa.ChunkedArray:
    column = shard.table[field.name]
    if not shard.typed and not is_list(field.type) and not pa.types.is_binary(field.type):
        # A word among numbers is named with its item by whoever reads the column.
        return _of_text(column, field, shard.semicolons)
    if not _is_alike(column.type, field.type):
        raise DataError(
            f"column {field.name!r} holds {column.type}, and {field.type} in the campaign's pool",
            where=shard.name,
            fix="give it values of that kind",
        )
    return column


def _of_text(column: pa.ChunkedArray, field: pa.Field, semicolons: bool) -> pa.ChunkedArray:
    if pa.types.is_string(field.type):
        return pc.if_else(pc.equal(column, ""), None, column)
    (table,) = text_types.typed([pa.table({field.name: column})], [], [semicolons])
    return table[field.name]


def _is_alike(kind: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_null(kind) or pa.types.is_null(wanted) or kind == wanted:
        return True
    if is_list(kind) and is_list(wanted):
        return _is_alike(kind.value_type, wanted.value_type)
    return _is_number(kind) and _is_number(wanted)


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
