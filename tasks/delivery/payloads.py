"""What of an item leaves the house: the fields of ``vendor.send`` as plain JSON, nothing else."""

import base64
import difflib
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.domain.errors import DataError, ParamsError

PRELABEL = "_prelabel"
"""The model's own guess stands in a payload under this name, if annotators are to see it."""

Payload = dict[str, Any]


def refuse_unknown(fields: Sequence[str], pool: Path) -> None:
    """Raise a `ParamsError` that names the first field which the pool does not have."""
    known = _columns(pool)
    for field in fields:
        if field not in known:
            near = difflib.get_close_matches(field, known, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
            what = f"the pool has no column {field!r}"
            raise ParamsError(what, where="params.yaml vendor.send", fix=fix)


def read(path: Path, item_ids: Sequence[str], fields: Sequence[str]) -> dict[str, Payload]:
    """Read the fields of some items.

    Raises
    ------
    DataError
        The file cannot be read, or does not have an item.
    """
    if not item_ids:
        return {}
    columns = list(dict.fromkeys(["item_id", *fields]))
    try:
        table = pq.read_table(path, columns=columns, filters=[("item_id", "in", set(item_ids))])
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error
    found = {
        row["item_id"]: {name: plain(row[name]) for name in fields} for row in table.to_pylist()
    }
    for item_id in item_ids:
        if item_id not in found:
            fix = "restore the campaign's files with `dvc checkout`"
            raise DataError(
                f"item {item_id!r} is to be sent and is not there", where=str(path), fix=fix
            )
    return found


def plain(value: Any) -> Any:
    """Make a value one that JSON knows: bytes as base64, times as ISO 8601, NaN as null."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            return base64.b64encode(value).decode()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
        case np.ndarray() | np.generic():
            return plain(value.tolist())
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case Sequence():
            return [plain(inner) for inner in value]
    raise DataError(f"a {type(value).__name__} cannot be sent to a vendor", where="vendor.send")


def _columns(path: Path) -> list[str]:
    try:
        return [str(name) for name in pq.read_schema(path).names]
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    what = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({first})"
    return DataError(what, where=str(path), fix="restore it with `dvc checkout`")
