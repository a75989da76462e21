"""Item ids: strings, there, different, and fit for a line of a text file."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.errors import DataError

SHOWN = 5


def as_ids(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    """Give an id column as strings, numbers as they are written.

    Raises
    ------
    DataError
        An id is null or empty, has a line break or outer space, or is no text or whole number.
    """
    where = f"{where} column {name!r}"
    _refuse(pc.is_null(column, nan_is_null=True), column, where, "has no id")
    kind = column.type
    if pa.types.is_integer(kind):
        column = pc.cast(column, pa.string())
    if not pa.types.is_string(column.type):
        raise DataError(f"ids are {kind}", where=where, fix="write them as text or whole numbers")
    _refuse(pc.equal(pc.utf8_trim_whitespace(column), ""), column, where, "has no id")
    unfit = pc.match_substring_regex(column, r"^\s|\s$|[\x00-\x1f\x7f]")
    _refuse(unfit, column, where, "has an id with outer space or a control character")
    return column


def require_unique(ids: pa.ChunkedArray, name: str, shards: Sequence[tuple[str, int]]) -> None:
    """Refuse ids that occur twice.

    Parameters
    ----------
    ids : pyarrow.ChunkedArray of string
    name : str
        The id column's.
    shards : sequence of (str, int)
        Files and their numbers of rows, in the order of `ids`.

    Raises
    ------
    DataError
        Names how many, the first of them, and the files of the first.
    """
    counts = pc.value_counts(ids)
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if not len(repeated):
        return
    files = _files_of(ids, repeated[0], shards)
    shown = ", ".join(repr(value) for value in repeated[:SHOWN].to_pylist())
    more = ", …" if len(repeated) > SHOWN else ""
    raise DataError(
        f"{_count(len(repeated), 'id is', 'ids are')} there more than once: {shown}{more}",
        where=f"{' and '.join(files)} column {name!r}",
        fix="give every item its own id",
    )


def _files_of(
    ids: pa.ChunkedArray, value: pa.Scalar, shards: Sequence[tuple[str, int]]
) -> list[str]:
    rows = np.flatnonzero(pc.equal(ids, value).to_numpy())
    ends = np.cumsum([length for _, length in shards])
    found = np.searchsorted(ends, rows, side="right")
    return list(dict.fromkeys(shards[number][0] for number in found))


def _refuse(bad: pa.ChunkedArray, column: pa.ChunkedArray, where: str, what: str) -> None:
    rows = np.flatnonzero(pc.fill_null(bad, False).to_numpy())
    if len(rows):
        others = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        written = column[int(rows[0])].as_py()
        raise DataError(f"item {rows[0] + 1} {what}: {written!r}{others}", where=where)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
