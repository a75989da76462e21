"""Parquet of a stranger, read a part at a time, so that it stops when there is too much of it.

What a file says of its own size is looked at first, and not believed: each part is counted before
it is unfolded. A text that stands a million times in a table stands once in its file, so texts and
bytes are read as numbers that refer to a list of them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.domain.errors import DataError
from tasks.domain.expansion import Room, room_for

MOST_COLUMNS = 20_000
STEP, STEP_BYTES = 1 << 16, 1 << 26
Source = Any
"""A path, or a file of Arrow's, which has no types."""


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a file as `read_from`.

    Raises
    ------
    DataError
        It is missing, cut short, not parquet, or unpacks to too much.
    """
    if not path.exists():
        raise DataError("is missing", where=str(path))
    return read_from(path, room_for(path), columns)


def read_bytes(content: bytes, where: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the bytes of a file as `read_from`."""
    return read_from(pa.BufferReader(content), Room(where, len(content)), columns)


def read_from(source: Source, room: Room, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table.

    Parameters
    ----------
    source : Path or file
    room : Room
        Counts what is unpacked.
    columns : sequence of str, optional
        Those to read; all without it.

    Raises
    ------
    DataError
        It is not parquet, or unpacks to too much.
    """
    parts = list(batches(source, room, columns=columns))
    try:
        return pa.Table.from_batches(parts[1:], parts[0].schema)
    except pa.ArrowException as error:
        raise _unreadable(room, error) from None


def batches(
    source: Source, room: Room, rows: int = STEP, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Give a table in parts of so many rows at most, the first of none; as `read_from`."""
    try:
        with pq.ParquetFile(source) as file:
            schema, texts = file.schema_arrow, _texts(file.metadata)
            _refuse_declared(file.metadata, room)
            step = min(rows, _step(file.metadata))
        if isinstance(source, pa.NativeFile):
            source.seek(0)
        wanted = schema if columns is None else pa.schema([schema.field(one) for one in columns])
        yield pa.RecordBatch.from_pylist([], schema=wanted)
        with pq.ParquetFile(source, read_dictionary=texts) as file:
            for batch in file.iter_batches(step, columns=columns, use_threads=False):
                # A file from elsewhere may claim that bytes are text.
                batch.validate(full=True)
                room.take(sum(_size(column) for column in batch.columns))
                yield batch.select(wanted.names).cast(wanted)
    except FileNotFoundError:
        raise DataError("is missing", where=room.name) from None
    except (pa.ArrowException, OSError, KeyError, UnicodeDecodeError) as error:
        raise _unreadable(room, error) from error


def _unreadable(room: Room, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"cannot be read as parquet ({reason})", where=room.name)


def _refuse_declared(metadata: Any, room: Room) -> None:
    if metadata.num_columns > MOST_COLUMNS:
        what = f"has {metadata.num_columns:,} columns; {MOST_COLUMNS:,} are the most"
        raise DataError(what, where=room.name)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    room.require(sum(max(0, group.total_byte_size) for group in groups))
    room.require(metadata.num_rows * metadata.num_columns)


def _texts(metadata: Any) -> list[str]:
    """List the paths of texts and bytes, those in lists and structs too."""
    leaves = (metadata.schema.column(number) for number in range(metadata.num_columns))
    return [one.path for one in leaves if one.physical_type == "BYTE_ARRAY" and _is_text(one)]


def _is_text(column: Any) -> bool:
    return column.logical_type.type in ("STRING", "NONE", "JSON", "ENUM", "BSON")


def _step(metadata: Any) -> int:
    """Say how many rows to read at once so that they are some 64 MiB at most."""
    width = 0
    # No row group is asked for its columns: the library aborts the process where it lacks one.
    for number in range(metadata.num_columns):
        leaf = metadata.schema.column(number)
        width += leaf.length if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY" else 8
    return max(1, min(STEP, STEP_BYTES // max(1, width)))


def _size(array: pa.Array) -> int:
    """Say how many bytes a part of a column takes when its texts are written out."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        value = kind.value_type
        if not (pa.types.is_string(value) or pa.types.is_binary(value)):
            return int(array.nbytes)
        lengths = pc.binary_length(array.dictionary)
        written = pc.sum(pc.take(lengths, array.indices.drop_null())).as_py() or 0
        return int(written) + 4 * len(array)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _size(array.flatten()) + 4 * len(array)
    if pa.types.is_struct(kind):
        return sum(_size(part) for part in array.flatten())
    return int(array.nbytes)
