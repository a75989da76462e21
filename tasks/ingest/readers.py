"""Read files of items: parquet, CSV, TSV, workbooks, JSON lines, images."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.domain import parquet, strict_json
from tasks.domain.errors import DataError
from tasks.domain.expansion import MOST, Room, room_for
from tasks.ingest import delimited_files, pictures, workbooks
from tasks.ingest.plain import plain
from tasks.ingest.shards import Shard

PACKED = (".gz", ".zst")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
PIECE = 1 << 20
CELL = 8
"""Bytes that a cell takes at least."""
READ = ".parquet, .csv, .tsv, .xlsx or .jsonl (text also as .gz or .zst), or a folder of images"


def read(path: Path, most: int = MOST) -> list[Shard]:
    """Read a file, all files of a folder in the order of their names, or a folder of images.

    Parameters
    ----------
    path : Path
    most : int
        Bytes that all of it may unpack to.

    Raises
    ------
    DataError
        Missing, empty, of an unknown kind, cut short, no text, broken in one line, or too large.
    """
    if path.is_dir() and pictures.are_here(path):
        return [pictures.read(path, Room(str(path), most, most))]
    shards = []
    for file in _files(path):
        room = room_for(file, most)
        shards.append(_read_file(file, room))
        most -= room.used
    if not sum(shard.table.num_rows for shard in shards):
        raise DataError("holds no items", where=str(path))
    return shards


def read_parquet(path: Path) -> pa.Table:
    """Read one parquet file; raises as `tasks.domain.parquet.read`."""
    return _plain(parquet.read(path), str(path))


def _plain(table: pa.Table, name: str) -> pa.Table:
    try:
        return plain(table)
    except pa.ArrowException as error:
        raise DataError(f"cannot be read ({_first_line(error)})", where=name) from None


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError("is missing", where=str(path))
    files = sorted(file for file in path.iterdir() if not file.name.startswith((".", "_")))
    if not files:
        raise DataError("is an empty folder", where=str(path), fix="put the items' files in it")
    return files


def _read_file(path: Path, room: Room) -> Shard:
    if path.is_dir():
        raise DataError(
            "is a folder in a folder of items", where=str(path), fix="move its files up"
        )
    if path.suffix.lower() in (".parquet", ".pq"):
        return Shard(str(path), _plain(parquet.read_from(path, room), str(path)), typed=True)
    packed = path.suffix.lower() in PACKED
    suffix = (Path(path.stem) if packed else path).suffix.lower()
    if suffix not in READERS or (packed and suffix == ".xlsx"):
        raise DataError(
            f"is of an unknown kind ({''.join(path.suffixes) or 'no extension'})",
            where=str(path),
            fix=f"give {READ}",
        )
    return READERS[suffix](b"".join(_content(path, room)), str(path), room)


def _content(path: Path, room: Room) -> Iterator[bytes]:
    try:
        with pa.input_stream(path, compression="detect") as stream:
            while piece := stream.read(PIECE):
                room.take(len(piece))
                yield piece
    except OSError as error:
        raise DataError(f"cannot be read ({_first_line(error)})", where=str(path)) from error


def _read_json_lines(content: bytes, name: str, room: Room) -> Shard:
    content = content.removeprefix(BYTE_ORDER_MARK)
    _refuse_other_than_utf8(content, name)
    lines = enumerate(content.split(b"\n"), 1)
    rows = [_json_object(line, name, number) for number, line in lines if line.strip()]
    columns = dict.fromkeys(key for row in rows for key in row)
    if len(columns) > parquet.MOST_COLUMNS:
        what = f"has {len(columns):,} keys; {parquet.MOST_COLUMNS:,} are the most"
        raise DataError(what, where=name)
    # Where each line has keys of its own, the table has far more cells than the file has values.
    room.take(CELL * len(rows) * len(columns))
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
    row = strict_json.json_of(line, where)
    if not isinstance(row, dict):
        raise DataError(f"is a JSON {type(row).__name__}, not an object", where=where)
    return row


def _array(values: list[Any], column: str, name: str) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
        raise DataError(
            f"column {column!r} holds values of different types ({_first_line(error)})",
            where=name,
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


READERS: dict[str, Callable[[bytes, str, Room], Shard]] = {
    ".csv": lambda content, name, _: delimited_files.read(content, name),
    ".tsv": lambda content, name, _: delimited_files.read(content, name),
    ".xlsx": workbooks.read,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
