"""Columns that stand for lists and bytes, whose contents no expectation can see."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ingest.plain import is_list

LENGTH, NOT_FINITE = "__length", "__not_finite"


def with_derived(table: pa.Table) -> pa.Table:
    """Add what can be expected of lists and bytes.

    Returns
    -------
    pyarrow.Table
        With ``<column>__length`` for every column of lists or bytes, and for lists of numbers
        ``<column>__not_finite``, how many of their numbers are null, NaN or infinite.
    """
    for name in table.column_names:
        column = table[name]
        if is_list(column.type):
            table = table.append_column(name + LENGTH, pc.list_value_length(column))
            table = table.append_column(name + NOT_FINITE, [_not_finite(column)])
        elif pa.types.is_binary(column.type):
            table = table.append_column(name + LENGTH, pc.binary_length(column))
    return table


def _not_finite(column: pa.ChunkedArray) -> pa.Array:
    parts = [_not_finite_in(chunk) for chunk in column.chunks]
    return pa.array(np.concatenate(parts) if parts else np.empty(0, np.int64))


def _not_finite_in(lists: pa.Array) -> npt.NDArray[np.int64]:
    rows, values = np.arange(len(lists)), lists
    while is_list(values.type):
        rows = rows[pc.list_parent_indices(values).to_numpy()]
        values = pc.list_flatten(values)
    bad = pc.is_null(values)
    if pa.types.is_floating(values.type):
        bad = pc.fill_null(pc.invert(pc.is_finite(values)), True)
    marked = bad.to_numpy(zero_copy_only=False)
    return np.bincount(rows[marked], minlength=len(lists)).astype(np.int64)
