"""Read files of items: parquet, CSV, JSON lines."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from tasks.domain.errors import DataError
from tasks.ingest.plain import plain

PACKED = (".gz", ".zst")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Shard:
    """One file's rows.

    Attributes
    ----------
    name : str
        As errors call it.
    table : pyarrow.Table
    typed : bool
        False where the file holds only text (CSV): every column is a string.
    """

    name: str
    table: pa.Table
    typed: bool


def read(path: Path) -> list[Shard]:
    """Read a file, or all files of a folder in the order of their names.

    Raises
    ------
    DataError
        Missing, empty, of an unknown kind, cut short, not UTF-8, or broken in one line.
    """
    shards = [_read_file(file) for file in _files(path)]
    if not sum(shard.table.num_rows for shard in shards):
        raise DataError("holds no items", where=str(path))
    return shards


def read_parquet(path: Path) -> pa.Table:
    """Read one parquet file.

    Raises
    ------
    DataError
        Missing, cut short, or not parquet.
    """
    try:
        with pq.ParquetFile(path) as file:
            return plain(file.read())
    except FileNotFoundError:
        raise DataError("is missing", where=str(path)) from None
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"cannot be read as parquet ({_first_line(error)})", where=str(path)
        ) from error


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError("is missing", where=str(path))
    files = sorted(file for file in path.iterdir() if not file.name.startswith((".", "_")))
    if not files:
        raise DataError("is an empty folder", where=str(path), fix="put the items' files in it")
    return files


def _read_file(path: Path) -> Shard:
    if path.is_dir():
        raise DataError(
            "is a folder in a folder of items", where=str(path), fix="move its files up"
        )
    if path.suffix in (".parquet", ".pq"):
        return Shard(str(path), read_parquet(path), typed=True)
    packed = path.suffix in PACKED
    suffix = Path(path.stem).suffix if packed else path.suffix
    if suffix not in TEXT_READERS:
        raise DataError(
            f"is of an unknown kind ({''.join(path.suffixes) or 'no extension'})",
            where=str(path),
            fix="give .parquet, .csv or .jsonl (text also as .gz or .zst)",
        )
    table = TEXT_READERS[suffix](_content(path), str(path))
    return Shard(str(path), table, typed=suffix != ".csv")


def _content(path: Path) -> bytes:
    try:
        with pa.input_stream(path, compression="detect") as stream:
            content: bytes = stream.read()
    except OSError as error:
        raise DataError(f"cannot be read ({_first_line(error)})", where=str(path)) from error
    content = content.removeprefix(BYTE_ORDER_MARK)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"is not UTF-8 (line {line}, byte {error.start})",
            where=str(path),
            fix="save it as UTF-8",
        ) from None
    return content


def _read_csv(content: bytes, name: str) -> pa.Table:
    names = _header(content, name)
    try:
        return pyarrow.csv.read_csv(
            pa.BufferReader(content),
            # With threads the parser no longer knows the row that is broken.
            pyarrow.csv.ReadOptions(use_threads=False),
            pyarrow.csv.ParseOptions(newlines_in_values=True),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        reason = _first_line(error).removeprefix("CSV parse error: ")
        raise DataError(f"is not CSV ({reason})", where=name) from None


def _header(content: bytes, name: str) -> list[str]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    names = next(csv.reader(text), [])
    if not names:
        raise DataError("is an empty file", where=name)
    for column, times in Counter(names).items():
        if times > 1:
            raise DataError(f"has {times} columns named {column!r}", where=name)
    if "" in names:
        raise DataError(f"column {names.index('') + 1} has no name", where=f"{name} line 1")
    return names


def _read_json_lines(content: bytes, name: str) -> pa.Table:
    lines = enumerate(content.split(b"\n"), 1)
    rows = [_json_object(line, name, number) for number, line in lines if line.strip()]
    columns = dict.fromkeys(key for row in rows for key in row)
    arrays = {column: _array([row.get(column) for row in rows], column, name) for column in columns}
    return plain(pa.table(arrays))


def _json_object(line: bytes, name: str, number: int) -> dict[str, Any]:
    where = f"{name} line {number}"
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"is not JSON ({error.msg}, column {error.colno})", where=where) from None
    if not isinstance(row, dict):
        raise DataError(f"is a JSON {type(row).__name__}, not an object", where=where)
    return row


def _array(values: list[Any], column: str, name: str) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError) as error:
        raise DataError(
            f"column {column!r} holds values of different types ({_first_line(error)})",
            where=name,
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


TEXT_READERS: dict[str, Callable[[bytes, str], pa.Table]] = {
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
