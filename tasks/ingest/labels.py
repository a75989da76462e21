"""Classes as strings, whatever type the source keeps them in."""

import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.errors import DataError

WHOLE = r"^[+-]?\d+[.,]0+$"


def as_classes(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    """Give a label column as strings; null and empty are null.

    Whole numbers lose a ``.0``, since a missing value alone turns them into reals.

    Raises
    ------
    DataError
        The labels are real numbers, dates, lists, or bytes.
    """
    kind = column.type
    if pa.types.is_floating(kind):
        column, kind = _whole(column, name, where), pa.int64()
    if pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return pc.cast(column, pa.string())
    if not pa.types.is_string(kind):
        raise DataError(f"column {name!r} holds {kind}, which are no classes", where=where)
    column = pc.if_else(pc.equal(column, ""), None, column)
    if pc.all(pc.match_substring_regex(column, WHOLE)).as_py():
        return pc.replace_substring_regex(column, r"[.,]0+$", "")
    return column


def _whole(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    known = pc.if_else(pc.is_nan(column), None, column)
    try:
        return pc.cast(known, pa.int64())
    except pa.ArrowInvalid:
        raise DataError(
            f"column {name!r} holds real numbers, and labelloop asks for classes",
            where=where,
            fix="name a column of classes with --label",
        ) from None
