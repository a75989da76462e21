"""Rows of a file of results, as records that `parse` takes years later.

A record is one of::

    {"file": "results/a.jsonl", "line": 3, "tie": 0, "text": "{...}"}
    {"file": "results/a.csv", "line": 3, "tie": 0, "cells": {"key": "..."}}
    {"file": "results/a.xlsx", "line": 0, "tie": 0, "fault": "is neither .jsonl nor .csv"}
    {"file": "results/a.csv", "line": 0, "tie": 1024, "anew": true}

JSON stays text: what a partner wrote may be no JSON that can be kept as such.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.vendors._bucket.strict import is_object

LONGEST = 1 << 20
"""Bytes of one row."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One row, not yet understood.

    Attributes
    ----------
    end : int
        Where it ends in its file, in bytes.
    """

    end: int
    record: Record


def rows(name: str, content: bytes, delimiter: str, *, final: bool) -> Iterator[Row]:
    """Give the rows of a file in their order, without one at its end that is half written.

    Parameters
    ----------
    final : bool
        Nothing more is going to be written, so that nothing is half written.
    """
    suffix = name.rpartition(".")[2].lower()
    if suffix in ("jsonl", "ndjson"):
        yield from _json_rows(name, content, final=final)
    elif suffix in ("csv", "tsv"):
        yield from _csv_rows(name, content, delimiter, final=final)
    else:
        yield Row(len(content), _fault(name, 0, "is neither .jsonl nor .csv"))


def _json_rows(name: str, content: bytes, *, final: bool) -> Iterator[Row]:
    begin = 0
    for number, line in enumerate(io.BytesIO(content), start=1):
        # Without the line end, which may come later.
        end, begin = begin + len(line.rstrip(b"\r\n")), begin + len(line)
        # Cut short, an object never ends with its own bracket: so a whole one is whole.
        if not line.endswith(b"\n") and not final and not is_object(line):
            return
        if text := line.removeprefix(codecs.BOM_UTF8).strip():
            yield Row(end, _record(name, number, text))


def _record(name: str, number: int, line: bytes) -> Record:
    if len(line) > LONGEST:
        return _fault(name, number, f"has more than {LONGEST} bytes")
    try:
        return {"file": name, "line": number, "tie": 0, "text": line.decode()}
    except UnicodeDecodeError:
        return _fault(name, number, "is not UTF-8")


def _csv_rows(name: str, content: bytes, delimiter: str, *, final: bool) -> Iterator[Row]:
    lines = _Lines(content)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    titles: list[str] = []
    while True:
        number = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if not lines.is_at_end or final:
                # What follows cannot be told from what stands within quotes.
                yield Row(len(content), _fault(name, number, f"is not CSV ({error})"))
            return
        if not lines.is_ended and not final:
            return
        if not titles:
            titles = [cell.strip() for cell in cells]
        elif any(cells):
            yield Row(lines.end, _cells(name, number, titles, cells))


def _cells(name: str, number: int, titles: list[str], cells: list[str]) -> Record:
    if len(cells) != len(titles):
        return _fault(name, number, f"has {len(cells)} cells; there are {len(titles)} titles")
    if len(set(titles)) != len(titles):
        return _fault(name, number, "stands under two titles that are the same")
    if any("\ufffd" in cell for cell in cells):
        return _fault(name, number, "is not UTF-8")
    if sum(map(len, cells)) > LONGEST:
        return _fault(name, number, f"has more than {LONGEST} letters")
    cells_of = dict(zip(titles, cells, strict=True))
    return {"file": name, "line": number, "tie": 0, "cells": cells_of}


def _fault(name: str, number: int, fault: str) -> Record:
    return {"file": name, "line": number, "tie": 0, "fault": fault}


def anew(name: str, tie: int) -> Record:
    """Say that a file is read from its beginning again: what was read before holds no longer."""
    return {"file": name, "line": 0, "tie": tie, "anew": True}


class _Lines:
    """Lines for a CSV reader, and how far it has come.

    Attributes
    ----------
    number, end : int
        Lines and bytes that were given, without the last line end, of which half may come later.
    is_ended : bool
        Whether the last of them had its line end.
    """

    def __init__(self, content: bytes) -> None:
        self._lines = content.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
        self.number, self.is_ended = 0, True
        self._next = len(content) - sum(map(len, self._lines))
        self.end = self._next

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self.is_at_end:
            raise StopIteration
        line = self._lines[self.number]
        self.number += 1
        self.end, self._next = self._next + len(line.rstrip(b"\r\n")), self._next + len(line)
        self.is_ended = line.endswith((b"\n", b"\r"))
        return line.decode(errors="replace")

    @property
    def is_at_end(self) -> bool:
        return self.number == len(self._lines)
