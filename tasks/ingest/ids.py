"""Item ids: strings, there, different, and fit for a line of a text file."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.errors import DataError

SHOWN = 5
SHORT = 60
LONGEST = 250
"""Characters of an id: it is in every record of its item, and in people's tables and lists."""
UNFIT = {
    # Seen by nobody, or such that what is seen differs from what is there.
    r"^[\s\pZ]|[\s\pZ]$|[\p{Cc}\p{Zl}\p{Zp}]": "has an id with outer space or a control character",
    r"[\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2069}\x{FEFF}]": (
        "has an id with an invisible character"
    ),
    r"(^|[/\\])\.\.?([/\\]|$)": (
        "has an id with a part '.' or '..', which programs take for another folder"
    ),
    r"^[+-]?\d([.,]\d+)?[eE]\+\d+$": (
        "has an id that a spreadsheet has rounded; format the column as text and paste it again"
    ),
}
"""Ids that cannot be, by RE2 patterns, and why."""


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
    for unfit, what in UNFIT.items():
        _refuse(pc.match_substring_regex(column, unfit), column, where, what)
    too_long = pc.greater(pc.utf8_length(column), LONGEST)
    _refuse(too_long, column, where, f"has an id of more than {LONGEST} characters")
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
    repeated = _repeated(ids)
    if not len(repeated):
        _refuse_lookalikes(ids, name, shards)
        return
    files = _files_of(ids, repeated[0], shards)
    shown = ", ".join(repr(value) for value in repeated[:SHOWN].to_pylist())
    more = ", …" if len(repeated) > SHOWN else ""
    raise DataError(
        f"{_count(len(repeated), 'id is', 'ids are')} there more than once: {shown}{more}",
        where=f"{' and '.join(files)} column {name!r}",
        fix="give every item its own id",
    )


def _repeated(ids: pa.ChunkedArray) -> pa.Array:
    counts = pc.value_counts(ids)
    return counts.filter(pc.greater(counts.field("counts"), 1)).field("values")


def _refuse_lookalikes(ids: pa.ChunkedArray, name: str, shards: Sequence[tuple[str, int]]) -> None:
    """Refuse ids that differ only in how Unicode composes their letters, as é can be two ways."""
    composed = pc.utf8_normalize(ids, "NFC")
    if len(repeated := _repeated(composed)):
        files = " and ".join(_files_of(composed, repeated[0], shards))
        raise DataError(
            f"two ids look the same, {repeated[0].as_py()!r}, and are different characters",
            where=f"{files} column {name!r}",
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
        written = str(column[int(rows[0])].as_py())[:SHORT]
        raise DataError(f"item {rows[0] + 1} {what}: {written!r}{others}", where=where)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
