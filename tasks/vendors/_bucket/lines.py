"""Tasks as lines of a file, and how many answers they have."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tasks.domain.errors import RejectedItemError
from tasks.domain.files import canonical_json
from tasks.domain.outgoing import Task
from tasks.vendors._bucket.log import Line
from tasks.vendors._bucket.results import Reading

LONGEST = {"jsonl": 1 << 20, "csv": 100_000}
"""Bytes of one task; readers of CSV take no more than 131,072 letters in a cell."""


def lines_of(tasks: Sequence[Task], form: str) -> list[Line]:
    """Write tasks as they stand in a file.

    Raises
    ------
    RejectedItemError
        Some are too large, or no JSON.
    """
    lines = [_line(task) for task in tasks]
    reasons = {line["key"]: why for line in lines if (why := _objection(line, LONGEST[form]))}
    if reasons:
        raise RejectedItemError(reasons)
    return [_flat(line) if form == "csv" else line for line in lines]


def _line(task: Task) -> dict[str, Any]:
    line: dict[str, Any] = {
        "key": task.key,
        "item_id": task.item_id,
        "copies": task.copies,
        "first_copy": task.first_copy,
        "payload": dict(task.payload),
    }
    return line | ({"prelabel": asdict(task.prelabel)} if task.prelabel else {})


def _flat(line: dict[str, Any]) -> Line:
    fields = {f"payload.{name}": value for name, value in line["payload"].items()}
    return {name: value for name, value in line.items() if name != "payload"} | fields


def _objection(line: Line, most: int) -> str:
    try:
        size = len(canonical_json(line).encode())
    except (ValueError, TypeError) as error:
        return f"it cannot be written as JSON ({error})"
    return f"it has {size} bytes; at most {most} are sent" if size > most else ""


def wanted(there: Mapping[str, tuple[str, Line]]) -> dict[str, int]:
    """Give the answers that each task asks for."""
    return {key: _copies(line) for key, (_, line) in there.items()}


def _copies(line: Line) -> int:
    copies = line.get("copies")
    if isinstance(copies, str) and copies.isascii() and copies.isdigit():
        copies = int(copies)
    return copies if type(copies) is int and copies > 0 else 1


def tally(copies: Mapping[str, int], reading: Reading) -> tuple[int, int]:
    """Count the answers that are there, and those that will not come."""
    people: dict[str, set[str]] = {}
    without: dict[str, int] = {}
    for answer in reading.current.values():
        if answer.label is not None:
            people.setdefault(answer.key, set()).add(answer.annotator_id)
        else:
            without[answer.key] = without.get(answer.key, 0) + 1
    over, answered, gone = reading.over, 0, 0
    for key, copies_wanted in copies.items():
        # Nobody is asked twice, so what one annotator says twice ends no wait.
        there = min(copies_wanted, len(people.get(key, ())))
        missing = copies_wanted - there
        answered += there
        gone += missing if key in over else min(missing, without.get(key, 0))
    return answered, gone
