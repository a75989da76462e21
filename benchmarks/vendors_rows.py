"""Answers written straight into a Label Studio's database: people would take weeks."""

import json
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

RESULT = [
    {
        "id": "bench",
        "from_name": "label",
        "to_name": "shown_1",
        "type": "choices",
        "value": {"choices": ["ash"]},
    }
]
LATER = timedelta(milliseconds=1)


def answer(database: Path, api: httpx.Client, project: int, copies: int) -> None:
    """Give every task of a project its answers.

    The first is a real one; all others are made like it.
    """
    with closing(sqlite3.connect(database, timeout=120)) as opened:
        rows = opened.execute("SELECT id FROM task WHERE project_id = ?", (project,)).fetchall()
        tasks = [row[0] for row in rows]
        path, body = f"/api/tasks/{tasks[0]}/annotations/", {"result": RESULT, "lead_time": 2.0}
        first = api.post(path, json=body).raise_for_status().json()["id"]
        with opened:
            _write(opened, first, tasks, copies)


def touch(database: Path, project: int, tasks: int) -> None:
    """Let some tasks look as if they had been changed now."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    change = (
        "UPDATE task SET updated_at = ? WHERE id IN"
        " (SELECT id FROM task WHERE project_id = ? ORDER BY id LIMIT ?)"
    )
    which = (
        "UPDATE task_completion SET updated_at = ? WHERE task_id IN"
        " (SELECT id FROM task WHERE project_id = ? ORDER BY id LIMIT ?)"
    )
    with closing(sqlite3.connect(database, timeout=120)) as opened, opened:
        opened.execute(change, (now, project, tasks))
        opened.execute(which, (now, project, tasks))


def _write(opened: sqlite3.Connection, first: int, tasks: list[int], copies: int) -> None:
    columns = [row[1] for row in opened.execute("PRAGMA table_info(task_completion)")]
    kept = [name for name in columns if name != "id"]
    (example,) = opened.execute(
        f"SELECT {', '.join(kept)} FROM task_completion WHERE id = ?", (first,)
    ).fetchall()
    usual: dict[str, Any] = dict(zip(kept, example, strict=True))
    # An hour ago, so that nothing is taken for being under way.
    begin = datetime.now(UTC) - timedelta(hours=1)
    rows = []
    for number, task in enumerate(tasks):
        at = (begin + number * LATER).strftime("%Y-%m-%d %H:%M:%S.%f")
        for _ in range(copies):
            row = usual | {"task_id": task, "unique_id": uuid.uuid4().hex}
            row |= {"created_at": at, "updated_at": at, "result": json.dumps(RESULT)}
            rows.append([row[name] for name in kept])
    opened.execute("DELETE FROM task_completion WHERE id = ?", (first,))
    marks = ", ".join("?" * len(kept))
    opened.executemany(f"INSERT INTO task_completion ({', '.join(kept)}) VALUES ({marks})", rows)
    times = [
        ((begin + number * LATER).strftime("%Y-%m-%d %H:%M:%S.%f"), copies, usual["updated_by_id"])
        for number in range(len(tasks))
    ]
    changes = [(*one, task) for one, task in zip(times, tasks, strict=True)]
    opened.executemany(
        "UPDATE task SET updated_at = ?, total_annotations = ?, updated_by_id = ?, is_labeled = 1"
        " WHERE id = ?",
        changes,
    )
