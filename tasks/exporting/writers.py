"""Tables as CSV, parquet or JSON lines, written a part at a time.

In CSV a missing value is an empty cell; lists and objects are JSON, bytes are base64, true and
false are written so. A cell of text that a spreadsheet would take for a formula has an apostrophe
before its sign, as `tasks.vendors._files.cells` says; numbers stay as they are.
"""

import base64
import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.vendors._files.cells import guard

TABLES = (".csv", ".parquet", ".jsonl")
"""The endings that say which format a table is written in."""

Write = Callable[[pa.Table], None]


@contextmanager
def writing(file: IO[bytes], path: Path, schema: pa.Schema) -> Iterator[Write]:
    """Give a function that writes rows to a file, in the format that the ending of `path` says."""
    if path.suffix == ".parquet":
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            yield writer.write_table
    elif path.suffix == ".csv":
        file.write(csv_rows([[guard(name) for name in schema.names]]))
        yield lambda table: _write(file, csv_rows(_cells(table)))
    else:
        yield lambda table: _write(file, _json_lines(table))


def csv_rows(rows: Any) -> bytes:
    """Write rows of cells; a line feed or a quote within a cell stays there."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


def plain(value: Any) -> Any:
    """Give a value as JSON has it; what is not finite becomes null."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            return base64.b64encode(value).decode()
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case list():
            return [plain(one) for one in value]
        case dict():
            return {name: plain(one) for name, one in value.items()}
    return value


def _cells(table: pa.Table) -> Iterator[list[Any]]:
    for row in table.to_pylist():
        yield [_cell(plain(value)) for value in row.values()]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return guard(text)


def _json_lines(table: pa.Table) -> bytes:
    lines = (
        json.dumps({name: plain(value) for name, value in row.items()}, ensure_ascii=False)
        for row in table.to_pylist()
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _write(file: IO[bytes], content: bytes) -> None:
    file.write(content)
