"""What no expectation of one table can see: items that are the same, by id or by content."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tasks.ingest.plain import is_list
from tasks.validation.findings import SHOWN, Finding, Severity


def check(
    pool: pa.Table, holdout: pa.Table, labels: pa.Table, features: Sequence[str]
) -> Iterator[Finding]:
    """Look for the same item twice.

    Parameters
    ----------
    pool, holdout : pyarrow.Table
        With ``item_id``.
    labels : pyarrow.Table
        As `tasks.domain.tables.LABELS`.
    features : sequence of str
        Two items are the same by content if all these columns that there are are equal.

    Yields
    ------
    Finding
        ``items_in_holdout`` (by id, stops), ``contents_in_holdout``, ``duplicate_contents`` and
        ``contradicting_labels`` (the same content with different classes); the last three warn.
    """
    ids, held_out = (table["item_id"].to_numpy() for table in (pool, holdout))
    yield _finding("items_in_holdout", "stop", ids[np.isin(ids, held_out)], "the same item_id")
    contents = _contents(pool, holdout, features)
    if contents is None:
        return
    ours, theirs = contents[: len(ids)], contents[len(ids) :]
    same = ids[np.isin(ours, theirs)]
    yield _finding("contents_in_holdout", "warn", same, "all features equal a holdout item's")
    again = ids[pd.Series(ours).duplicated().to_numpy()]
    yield _finding("duplicate_contents", "warn", again, "all features equal an earlier item's")
    yield _contradictions(pd.Series(ours, index=ids), labels)


def _contents(
    pool: pa.Table, holdout: pa.Table, features: Sequence[str]
) -> npt.NDArray[np.uint64] | None:
    """Hash the features of each row, shape (rows of pool + rows of holdout,).

    Equal rows are equal here, and others differ, but for a chance of 2**-64 each. None if there is
    nothing to compare, or pool and holdout differ in their columns, which the suite says.
    """
    names = [name for name in features if name in pool.column_names]
    parts = [
        table.select([n for n in names if n in table.column_names]) for table in (pool, holdout)
    ]
    if not names or not parts[0].schema.equals(parts[1].schema):
        return None
    both = pa.concat_tables(parts)
    frame = pd.DataFrame({name: _hashable(both[name]) for name in names})
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)


def _hashable(column: pa.ChunkedArray) -> pd.Series:
    values: pd.Series = column.to_pandas()
    if not is_list(column.type):
        return values
    pack = _pack_nested if is_list(column.type.value_type) else _pack
    return pd.Series([None if row is None else pack(row) for row in values], dtype=object)


def _pack(row: npt.NDArray[np.generic]) -> bytes:
    return row.tobytes()


def _pack_nested(rows: npt.NDArray[np.object_]) -> bytes:
    return b"".join(_pack(row) for row in rows)


def _contradictions(contents: pd.Series, labels: pa.Table) -> Finding:
    known = labels.select(["item_id", "label", "status"]).to_pandas()
    known = known[(known["status"] == "labelled") & known["item_id"].isin(contents.index)]
    content = contents[known["item_id"]].to_numpy()
    differ = known["label"].groupby(content).transform("nunique").to_numpy() > 1
    detail = "all features equal an item's that has another label"
    return _finding("contradicting_labels", "warn", known["item_id"].to_numpy()[differ], detail)


def _finding(name: str, severity: Severity, ids: npt.NDArray[np.object_], detail: str) -> Finding:
    return Finding(
        suite="pool",
        expectation=name,
        column=None,
        severity=severity,
        success=not len(ids),
        count=len(ids),
        items=tuple(str(item) for item in ids[:SHOWN]),
        detail=detail,
    )
