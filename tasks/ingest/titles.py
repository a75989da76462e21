"""The titles of columns in the first row of a file."""

import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.errors import DataError

# Blanks that spreadsheets add around a title unseen, those of no width too.
AROUND = re.compile(r"^[\s\u200b\ufeff]++|(?<![\s\u200b\ufeff])[\s\u200b\ufeff]++$")


def tidied(titles: Sequence[str]) -> list[str]:
    """Take the blanks around each title away."""
    return [AROUND.sub("", title) for title in titles]


def table(titles: Sequence[str], columns: Sequence[pa.ChunkedArray], name: str) -> pa.Table:
    """Put titles and columns of text together, without columns and rows that are empty.

    Parameters
    ----------
    titles : sequence of str
        A column without one is left out if all its cells are empty.
    columns : sequence of pyarrow.ChunkedArray of string
    name : str
        The file's, for errors.

    Raises
    ------
    DataError
        Two columns have the same title, or a column with values has none.
    """
    pairs = list(zip(tidied(titles), columns, strict=True))
    for number, (title, column) in enumerate(pairs, start=1):
        if not title and not _is_empty(column):
            raise DataError(
                f"column {number} has no name", where=f"{name} line 1", fix="give it a title"
            )
    named = [(title, column) for title, column in pairs if title]
    for title, times in Counter(title for title, _ in named).items():
        if times > 1:
            raise DataError(f"has {times} columns named {title!r}", where=name, fix="rename them")
    if not named:
        raise DataError("is an empty file", where=name)
    return _without_empty_rows(pa.table(dict(named)))


def _is_empty(column: pa.ChunkedArray) -> bool:
    return not pc.any(_has_value(column)).as_py()


def _has_value(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(column), ""), False)


def _without_empty_rows(rows: pa.Table) -> pa.Table:
    first, *others = rows.columns
    filled = _has_value(first)
    for column in others:
        if pc.all(filled).as_py():
            return rows
        filled = pc.or_(filled, _has_value(column))
    return rows.filter(filled)
