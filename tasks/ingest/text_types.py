"""The types of columns that a file holds as text."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

MISSING = pa.array(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A"])
CANDIDATES = (pa.int64(), pa.float64(), pa.bool_())


def typed(tables: Sequence[pa.Table], keep: Sequence[str | None]) -> list[pa.Table]:
    """Type each column by all its values in all tables at once.

    A column is whole numbers, else numbers, else true/false, else text. Numbers written with
    leading zeros (postcodes) stay text. An empty cell is null; words such as NA are null only
    where all else in the column is a number or true/false.

    Parameters
    ----------
    tables : sequence of pyarrow.Table
        All with the same columns, all of strings.
    keep : sequence of str or None
        Columns that stay text, exactly as written, empty cells too.
    """
    columns = {
        name: [table[name] for table in tables]
        if name in keep
        else _typed_column([table[name] for table in tables])
        for name in tables[0].column_names
    }
    return [
        pa.table({name: parts[number] for name, parts in columns.items()})
        for number in range(len(tables))
    ]


def _typed_column(parts: list[pa.ChunkedArray]) -> list[pa.ChunkedArray]:
    bare = [pc.utf8_trim_whitespace(part) for part in parts]
    bare = [pc.if_else(pc.is_in(part, MISSING), None, part) for part in bare]
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
