"""Where two versions of a file differ, in a few lines that a person can read."""

import io
import zipfile
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.domain import strict_json

SHOWN = 3
LONGEST = 160
NOTHING = object()


def first(path: str, recorded: bytes, replayed: bytes) -> list[str]:
    """Describe the first differences of two files.

    Parameters
    ----------
    path : str
        Its ending says how the bytes are read: parquet by row and column, json by key, skops by
        member; others, and what cannot be read so, by line or size.

    Returns
    -------
    list of str
        At most `SHOWN`, such as ``round/decisions.parquet row 3 score: 0.25 → 0.5``.
    """
    readers = {"parquet": _rows, "json": _keys, "skops": _members}
    reader = readers.get(path.rsplit(".", 1)[-1], _lines)
    try:
        found = list(islice(reader(recorded, replayed), SHOWN))
    except (ValueError, OSError, pa.ArrowException, zipfile.BadZipFile, KeyError):
        found = []
    return [f"{path} {line}" for line in found or [_sizes(recorded, replayed)]]


def _rows(recorded: bytes, replayed: bytes) -> Iterator[str]:
    before, after = (pq.read_table(io.BytesIO(content)) for content in (recorded, replayed))
    if before.schema != after.schema:
        yield f"columns: {_short(before.schema.names)} → {_short(after.schema.names)}"
        return
    if before.num_rows != after.num_rows:
        yield f"rows: {before.num_rows} → {after.num_rows}"
    pairs = zip(before.to_pylist(), after.to_pylist(), strict=False)
    for number, (old, new) in enumerate(pairs):
        for name in old:
            # Not `!=`, which NaN is to itself.
            if repr(old[name]) != repr(new[name]):
                yield f"row {number} {name}: {_short(old[name])} → {_short(new[name])}"


def _keys(recorded: bytes, replayed: bytes) -> Iterator[str]:
    before, after = (
        dict(_flat("", strict_json.parse(content))) for content in (recorded, replayed)
    )
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, NOTHING), after.get(key, NOTHING)
        if old != new:
            yield f"{key or 'value'}: {_short(old)} → {_short(new)}"


def _members(recorded: bytes, replayed: bytes) -> Iterator[str]:
    before, after = (zipfile.ZipFile(io.BytesIO(content)) for content in (recorded, replayed))
    if before.comment != after.comment:
        yield f"written by: {before.comment.decode()} → {after.comment.decode()}"
    for name in sorted({*before.namelist(), *after.namelist()}):
        old, new = (z.read(name) if name in z.namelist() else None for z in (before, after))
        if old != new:
            yield f"member {name}: {_size(old)} → {_size(new)}"


def _lines(recorded: bytes, replayed: bytes) -> Iterator[str]:
    before, after = (content.decode().split("\n") for content in (recorded, replayed))
    for number, (old, new) in enumerate(zip_longest(before, after, fillvalue=NOTHING), start=1):
        if old != new:
            yield f"line {number}: {_short(old)} → {_short(new)}"


def _sizes(recorded: bytes, replayed: bytes) -> str:
    return f"bytes: {_size(recorded)} → {_size(replayed)}, not the same"


def _size(content: bytes | None) -> str:
    return "nothing" if content is None else f"{len(content)} bytes"


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    else:
        yield prefix, value


def _short(value: Any) -> str:
    text = "nothing" if value is NOTHING else value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
