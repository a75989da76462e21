"""Ids that are made of the items' own contents, where no column names them."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from tasks.domain.errors import DataError

DIGITS = 20
"""Of an id: two of a million items are the same by chance with a probability of 4e-13."""
STEP = 10_000


def digests(table: pa.Table, leave_out: Iterable[str | None]) -> pa.Array:
    """Digest what each row holds, as text.

    The digest of a row depends on its own cells alone, by the names of their columns: not on the
    order of columns, on other rows, or on whether a number came from text. Empty cells and null
    are as if there were none.

    Parameters
    ----------
    table : pyarrow.Table
    leave_out : iterable of str or None
        Columns that do not count: a class that becomes known makes no other item.
    """
    names = sorted(set(table.column_names) - set(leave_out))
    found = [
        hashlib.sha256(_canonical(names, row)).hexdigest()[:DIGITS] for row in _rows(table, names)
    ]
    return pa.array(found, pa.string())


def _rows(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for batch in table.select(names).to_batches(max_chunksize=STEP):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _canonical(names: Sequence[str], row: Sequence[Any]) -> bytes:
    cells = ((name, _text(value)) for name, value in zip(names, row, strict=True))
    return json.dumps([cell for cell in cells if cell[1] != ""], ensure_ascii=False).encode()


def _text(value: Any) -> Any:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, dict):
        return [[name, _text(inner)] for name, inner in sorted(value.items())]
    return [_text(one) for one in value] if isinstance(value, list) else str(value)


def once(table: pa.Table, id: str, label: str | None, where: str) -> tuple[pa.Table, list[str]]:
    """Keep the first of the rows that have the same id, which are the same item.

    Parameters
    ----------
    table : pyarrow.Table
    id, label : str, str or None
        Columns of strings. Where rows of an item have different classes, none is known.
    where : str
        The source, for errors.

    Returns
    -------
    table : pyarrow.Table
    remarks : list of str
        How many rows were left out, and of how many items the classes contradict one another.

    Raises
    ------
    DataError
        All rows are the same.
    """
    ids = table[id].to_pandas()
    first = ~ids.duplicated()
    if first.all():
        return table, []
    if first.sum() == 1:
        raise DataError("all rows are the same", where=where, fix="name the column of ids: --id")
    repeated = int((~first).sum())
    remarks = [f"{repeated} rows repeat others in all but the label, and are the same items"]
    kept = table.filter(pa.array(first))
    if label is None:
        return kept, remarks
    classes = table[label].to_pandas().groupby(ids, sort=False)
    known = classes.first().where(classes.nunique() == 1)[ids[first]]
    if torn := int((classes.nunique() > 1).sum()):
        remarks.append(f"{torn} of these have rows of different classes, and count as not known")
    column = pa.array(known.astype(object).where(known.notna(), None), pa.string())
    return kept.set_column(kept.column_names.index(label), label, column), remarks
