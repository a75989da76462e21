"""The file that annotators fill in."""

import csv
import io
import json
from collections.abc import Iterable, Sequence

from tasks.vendors._files.cells import LONGEST, guard, shown
from tasks.vendors._files.kept import Sent
from tasks.vendors._files.options import Options, filled_in


def objection(task: Sent, options: Options) -> str:
    """Say why a task cannot be shown in a spreadsheet; empty if it can."""
    for name, value in {"item_id": task.item_id, **task.payload}.items():
        cell = guard(shown(value))
        if len(cell) > LONGEST:
            return f"{name!r} has {len(cell)} characters; a cell holds {LONGEST}"
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            return f"{name!r} has a number that is not finite"
        if "\0" in cell:
            return f"{name!r} has a NUL character"
        try:
            cell.encode(options.encoding)
        except UnicodeEncodeError as error:
            letter = error.object[error.start]
            return f"{name!r} has {letter!r}, which {options.encoding} cannot write"
    return ""


def to_label(tasks: Sequence[Sent], fields: Iterable[str], options: Options) -> bytes:
    """Write one row for every answer that is wanted.

    All cells are quoted, so that a line end or a delimiter within one stays there.
    """
    names = list(dict.fromkeys([*fields, *(name for task in tasks for name in task.payload)]))
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=options.delimiter, quoting=csv.QUOTE_ALL)
    ours = [options.title(name) for name in ("key", "copy", "item_id")]
    theirs = [options.title(name) for name in filled_in(options)]
    writer.writerow(map(guard, [*ours, *names, *theirs]))
    empty = [""] * len(theirs)
    for task in tasks:
        values = [guard(shown(task.payload.get(name))) for name in names]
        for copy in range(1, task.copies + 1):
            writer.writerow([task.key, copy, guard(task.item_id), *values, *empty])
    return buffer.getvalue().encode(options.encoding)


def how_to(classes: Sequence[str], options: Options) -> bytes:
    """Write what annotators have to know."""
    label, annotator, skip = options.title("label"), options.title("annotator"), options.skip
    text = f"""Fill in the columns {label!r} and {annotator!r} of to_label-001.csv and so on, in
their place or in a copy that you put into this folder. Save as CSV UTF-8.

{annotator}: your name, the same every time.
{label}: one of the classes below, or {skip} if you cannot tell.
An item that several people shall label has a row for each: use one of them.
An apostrophe before = + - or @ is there so that no program runs what a cell holds.

"""
    return (text + "\n".join(classes) + "\n").encode("utf-8-sig")


def row_of(tasks: Sequence[Sent], place: int) -> int:
    """Give the row of a task's first copy, as a spreadsheet counts: the titles are row 1."""
    return 2 + sum(task.copies for task in tasks[:place])
