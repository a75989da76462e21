"""The rows of a table that a condition holds for, found by Arrow."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.errors import DataError
from tasks.validation.conditions import All, Among, Compare, Condition, Missing, Not, Some, Value

Rows = Any
SIGNS: dict[str, Callable[[Any, Any], Rows]] = {
    "==": pc.equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def holds(table: pa.Table, condition: Condition) -> Rows:
    """Say of each row whether the condition holds.

    Returns
    -------
    pyarrow.ChunkedArray or Array of bool
        Without nulls.

    Raises
    ------
    DataError
        The table has no such column, or its values cannot be compared with the condition's.
    """
    match condition:
        case Compare(column, "!=", value):
            return pc.invert(_compared(table, column, "==", value))
        case Compare(column, sign, value):
            return _compared(table, column, sign, value)
        case Among(column, values):
            parts = [_compared(table, column, "==", value) for value in values]
            return reduce(pc.or_, parts, _none(_column(table, column)))
        case Missing(column):
            return _missing(_column(table, column))
        case Not(inner):
            return pc.invert(holds(table, inner))
        case All(parts):
            return reduce(pc.and_, (holds(table, part) for part in parts))
        case Some(parts):
            return reduce(pc.or_, (holds(table, part) for part in parts))


def _compared(table: pa.Table, name: str, sign: str, value: Value) -> Rows:
    column = _column(table, name)
    if pa.types.is_null(column.type):
        return _none(column)
    if not _are_alike(column.type, value):
        raise _unlike(name, column.type, value)
    try:
        other = pa.scalar(value)
        if pa.types.is_temporal(column.type):
            other = other.cast(column.type)
        return pc.fill_null(SIGNS[sign](column, other), False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise _unlike(name, column.type, value) from None


def _are_alike(kind: pa.DataType, value: Value) -> bool:
    if isinstance(value, bool):
        return bool(pa.types.is_boolean(kind))
    if isinstance(value, str):
        return bool(pa.types.is_string(kind) or pa.types.is_temporal(kind))
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _unlike(name: str, kind: pa.DataType, value: Value) -> DataError:
    what = f"the column {name!r} holds {kind}, which cannot be compared with {value!r}"
    return DataError(what, where="row_condition", fix="mend the condition in the suite")


def _missing(column: pa.ChunkedArray) -> Rows:
    return pc.is_null(column, nan_is_null=pa.types.is_floating(column.type))


def _none(column: pa.ChunkedArray) -> Rows:
    return pa.chunked_array([pa.repeat(pa.scalar(False), len(column))])


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        fix = "mend the condition in the suite"
        raise DataError(f"there is no column {name!r}", where="row_condition", fix=fix)
    return table[name]
