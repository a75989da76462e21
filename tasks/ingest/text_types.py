"""The types of columns that a file holds as text."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tasks.ingest import decimals

MISSING = pa.array(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A"])
CANDIDATES = (pa.int64(), pa.float64(), pa.bool_())


def typed(
    tables: Sequence[pa.Table], keep: Sequence[str | None], semicolons: Sequence[bool]
) -> list[pa.Table]:
    """Type each column by all its values in all tables at once.

    A column is whole numbers, else numbers, else true/false, else text. Numbers written with
    leading zeros (postcodes) stay text. An empty cell is null; words such as NA are null only
    where all else in the column is a number or true/false. Numbers may have a decimal comma.

    Parameters
    ----------
    tables : sequence of pyarrow.Table
        All with the same columns, all of strings.
    keep : sequence of str or None
        Columns that stay text, exactly as written, empty cells too.
    semicolons : sequence of bool
        Of each table, whether its cells have semicolons between them.
    """
    names = [name for name in tables[0].column_names if name not in keep]
    bare = [
        decimals.pointed({name: _bare(table[name]) for name in names}, with_semicolons)
        for table, with_semicolons in zip(tables, semicolons, strict=True)
    ]
    columns = {
        name: [table[name] for table in tables]
        if name in keep
        else _typed_column([table[name] for table in tables], [one[name] for one in bare])
        for name in tables[0].column_names
    }
    return [
        pa.table({name: parts[number] for name, parts in columns.items()})
        for number in range(len(tables))
    ]


def _bare(column: pa.ChunkedArray) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(trimmed, MISSING), None, trimmed)


def _typed_column(
    parts: list[pa.ChunkedArray], bare: list[pa.ChunkedArray]
) -> list[pa.ChunkedArray]:
    everything = pa.chunked_array([chunk for part in bare for chunk in part.chunks], pa.string())
    if everything.null_count < len(everything) and not _has_leading_zeros(everything):
        for candidate in CANDIDATES:
            try:
                return [pc.cast(part, candidate) for part in bare]
            except pa.ArrowInvalid:
                continue
    return [pc.if_else(pc.equal(part, ""), None, part) for part in parts]


def _has_leading_zeros(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, r"^[+-]?0\d")).as_py())
