"""A file of items, a piece at a time, so that memory holds one piece however large the file is.

Text is cut between records into small files of the same kind, which `tasks.ingest.readers` then
reads as it would read the whole.
"""

import codecs
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO

import pyarrow as pa

from tasks.domain import parquet
from tasks.domain.errors import DataError
from tasks.domain.expansion import ALWAYS, MIB, Room, room_for
from tasks.ingest.plain import plain
from tasks.ingest.readers import PACKED, read
from tasks.ingest.shards import Shard

PARQUET = (".parquet", ".pq")
TITLED = (".csv", ".tsv")
"""Kinds of text whose first record names the columns."""
LINES = (".jsonl", ".ndjson")
ENDLESS = 1 << 62
"""As memory holds one piece, a file may be of any size; how much it is packed still counts."""
WIDEST = 64
"""Bytes at the beginning of a text that tell whether it is UTF-16."""


@dataclass(frozen=True)
class Piece:
    """Some rows of a file.

    Attributes
    ----------
    shard : Shard
    first : int
        The number of its first row in the file, from 1.
    """

    shard: Shard
    first: int


def pieces(path: Path, rows: int) -> Iterator[Piece]:
    """Read a file, or all files of a folder in the order of their names.

    Parameters
    ----------
    path : Path
    rows : int
        The most rows of a piece; kinds of files that cannot be cut come whole.

    Raises
    ------
    DataError
        As `tasks.ingest.readers.read`.
    """
    files = sorted(one for one in path.iterdir()) if path.is_dir() else [path]
    shown = [one for one in files if not one.name.startswith((".", "_"))]
    if not shown or not all(_can_be_cut(one) for one in shown):
        for shard in read(path):
            yield Piece(shard, 1)
        return
    for one in shown:
        yield from _of_file(one, rows)


def _can_be_cut(path: Path) -> bool:
    if not path.is_file() or _kind(path) not in (*PARQUET, *TITLED, *LINES):
        return False
    # In UTF-16 a line's end is not one byte, and every other byte of its titles is zero.
    return path.suffix in PARQUET or b"\0" not in _opened(path).read(WIDEST)


def _kind(path: Path) -> str:
    return Path(path.stem).suffix if path.suffix in PACKED else path.suffix


def _of_file(path: Path, rows: int) -> Iterator[Piece]:
    if path.suffix in PARQUET:
        yield from _of_parquet(path, rows)
        return
    first = 1
    with tempfile.TemporaryDirectory(prefix="labelloop-pieces-") as folder:
        beside = Path(folder, f"piece{_kind(path)}")
        for content, count in _cut(path, rows):
            beside.write_bytes(content)
            yield Piece(_read(beside, path, first), first)
            first += count


def _of_parquet(path: Path, rows: int) -> Iterator[Piece]:
    first = 1
    for batch in parquet.batches(path, room_for(path, ENDLESS), rows):
        if batch.num_rows:
            yield Piece(Shard(str(path), plain(pa.Table.from_batches([batch])), True), first)
            first += batch.num_rows


def _read(piece: Path, path: Path, first: int) -> Shard:
    """Read a piece; an error in it names the file and the rows that it was cut from."""
    where = str(path) if first == 1 else f"{path} from row {first}"
    try:
        (shard,) = read(piece)
    except DataError as error:
        place = error.where.replace(str(piece), where)
        raise DataError(error.what, where=place, fix=error.fix) from None
    return replace(shard, name=where)


def _cut(path: Path, rows: int) -> Iterator[tuple[bytes, int]]:
    """Cut text into pieces of so many records, each after the titles if there are any."""
    titled = _kind(path) in TITLED
    with _opened(path) as stream:
        lines = _lines(stream, room_for(path, ENDLESS))
        records = (one for one in _records(lines, quoted=titled) if one.strip())
        titles = _titles(records) if titled else b""
        # A file without any row is read too, so that the reader says so.
        piece = list(islice(records, rows))
        while True:
            yield titles + b"".join(piece), len(piece)
            piece = list(islice(records, rows))
            if not piece:
                return


def _titles(records: Iterator[bytes]) -> bytes:
    """Take the record of titles, after the line in which some programs name the separator."""
    first = next(records, b"")
    is_separator = first.removeprefix(codecs.BOM_UTF8).lower().startswith(b"sep=")
    return first + next(records, b"") if is_separator else first


def _lines(stream: IO[bytes], room: Room) -> Iterator[bytes]:
    while line := stream.readline(ALWAYS + 1):
        room.take(len(line))
        if len(line) > ALWAYS:
            raise DataError(f"has a line of more than {ALWAYS // MIB} MiB", where=room.name)
        yield line


def _records(lines: Iterator[bytes], *, quoted: bool) -> Iterator[bytes]:
    """Give lines, joined where a line end is within quotes."""
    record: list[bytes] = []
    quotes = 0
    for line in lines:
        record.append(line)
        quotes += line.count(b'"') if quoted else 0
        if quotes % 2 == 0:
            yield b"".join(record)
            record, quotes = [], 0
    if record:
        yield b"".join(record)


def _opened(path: Path) -> IO[bytes]:
    try:
        return io.BufferedReader(pa.input_stream(path, compression="detect"))
    except OSError as error:
        raise DataError(f"cannot be read ({error})", where=str(path)) from error
