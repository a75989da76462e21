"""Read files of items: parquet, CSV, TSV, workbooks, JSON lines, images."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.domain.errors import DataError
from tasks.ingest import delimited_files, pictures, workbooks
from tasks.ingest.plain import plain
from tasks.ingest.shards import Shard

PACKED = (".gz", ".zst")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
READ = ".parquet, .csv, .tsv, .xlsx or .jsonl (text also as .gz or .zst), or a folder of images"


def read(path: Path) -> list[Shard]:
    """Read a file, all files of a folder in the order of their names, or a folder of images.

    Raises
    ------
    DataError
        Missing, empty, of an unknown kind, cut short, no text, or broken in one line.
    """
    if path.is_dir() and pictures.are_here(path):
        return [pictures.read(path)]
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
            table = file.read()
            # A file from elsewhere may claim that bytes are text.
            table.validate(full=True)
            return plain(table)
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
    if path.suffix.lower() in (".parquet", ".pq"):
        return Shard(str(path), read_parquet(path), typed=True)
    packed = path.suffix.lower() in PACKED
    suffix = (Path(path.stem) if packed else path).suffix.lower()
    if suffix not in READERS or (packed and suffix == ".xlsx"):
        raise DataError(
            f"is of an unknown kind ({''.join(path.suffixes) or 'no extension'})",
            where=str(path),
            fix=f"give {READ}",
        )
    return READERS[suffix](_content(path), str(path))


def _content(path: Path) -> bytes:
    try:
        with pa.input_stream(path, compression="detect") as stream:
            content: bytes = stream.read()
    except OSError as error:
        raise DataError(f"cannot be read ({_first_line(error)})", where=str(path)) from error
    return content


def _read_json_lines(content: bytes, name: str) -> Shard:
    content = content.removeprefix(BYTE_ORDER_MARK)
    _refuse_other_than_utf8(content, name)
    lines = enumerate(content.split(b"\n"), 1)
    rows = [_json_object(line, name, number) for number, line in lines if line.strip()]
    columns = dict.fromkeys(key for row in rows for key in row)
    arrays = {column: _array([row.get(column) for row in rows], column, name) for column in columns}
    return Shard(name, plain(pa.table(arrays)), typed=True)


def _refuse_other_than_utf8(content: bytes, name: str) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 (line {line}, byte {error.start})"
        raise DataError(what, where=name, fix="save it as UTF-8") from None


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


READERS: dict[str, Callable[[bytes, str], Shard]] = {
    ".csv": delimited_files.read,
    ".tsv": delimited_files.read,
    ".xlsx": workbooks.read,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
