"""A file of labels that were made elsewhere, as a table."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from tasks.domain.errors import DataError
from tasks.ingest.source import Source, open_source
from tasks.vendors._files.cells import unguard

OPTIONAL = ("annotator_id", "confidence")


def read_labels(path: Path, ids: Sequence[str], labels: Sequence[str]) -> pd.DataFrame:
    """Read labels, in the order of the file.

    Parameters
    ----------
    path : Path
        Of any kind that items may come in.
    ids, labels : sequence of str
        Names that the columns of items and of classes may have, the first that is there is taken.

    Returns
    -------
    DataFrame
        Columns item_id, label, confidence (1 where none is given), annotator_id, row (from 1).

    Raises
    ------
    DataError
        It cannot be read, a column is missing, an item is there twice, or a confidence is no
        number from 0 to 1.
    """
    source = open_source(str(path.resolve()), Path())
    id_column, label = (_column(source, names, path) for names in (ids, labels))
    table = source.table(id=id_column, label=label)
    rows = range(1, table.num_rows + 1)
    frame = pd.DataFrame(
        {
            "item_id": table[id_column].to_pylist(),
            "label": table[label].to_pylist(),
            "annotator_id": _annotators(table),
            "row": list(rows),
        }
    )
    return frame.assign(confidence=_confidences(table, frame["item_id"], path))


def known_spelling(text: str | None, known: Collection[str]) -> str | None:
    """Take back the apostrophe that an exported CSV file has before a formula's sign."""
    if text is None or text in known:
        return text
    bare = unguard(text)
    return bare if bare in known else text


def place(path: Path, row: int, item_id: str) -> str:
    """Name a row for an error."""
    return f"{path} row {row}, item {item_id!r}"


def _column(source: Source, names: Sequence[str], path: Path) -> str:
    for name in names:
        if name in source.columns:
            return name
    wanted = " or ".join(dict.fromkeys(repr(name) for name in names))
    fix = f"name it so; it has {', '.join(source.columns)}"
    raise DataError(f"has no column {wanted}", where=str(path), fix=fix)


def _annotators(table: pa.Table) -> list[str | None]:
    if "annotator_id" not in table.column_names:
        return [None] * table.num_rows
    return [None if one is None else str(one) for one in table["annotator_id"].to_pylist()]


def _confidences(table: pa.Table, item_ids: "pd.Series[str]", path: Path) -> "pd.Series[float]":
    if "confidence" not in table.column_names:
        return pd.Series(1.0, index=item_ids.index)
    given = pd.Series(table["confidence"].to_pylist(), dtype=object)
    numbers = pd.to_numeric(given, errors="coerce").astype("float64")
    wrong = given.notna() & ~numbers.between(0, 1)
    if wrong.any():
        first = int(wrong.to_numpy().argmax())
        where = place(path, first + 1, item_ids[first])
        raise DataError(f"confidence is {given[first]!r}, not a number from 0 to 1", where=where)
    return numbers.fillna(1.0)
