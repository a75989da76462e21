"""Output manifests: what a job itself concluded of each object.

A label there is a mixture of people's answers, or a machine's, so it is never an answer. But which
objects came to nothing, and why, is told nowhere else.
"""

import json
from typing import Any

from tasks.vendors._ground_truth.names import ATTRIBUTE

OUTPUT = "manifests/output/output.manifest"
LONGEST = 1000


def failures(content: bytes) -> dict[int, str]:
    """Give the lines of the objects that failed, and why; lines that are unreadable did not."""
    lines = content.decode("utf-8", errors="replace").split("\n")
    found = {number: _failure(line) for number, line in enumerate(lines)}
    return {number: reason for number, reason in found.items() if reason}


def _failure(line: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    told: Any = row.get(f"{ATTRIBUTE}-metadata") if isinstance(row, dict) else None
    reason = told.get("failure-reason") if isinstance(told, dict) else None
    if not reason:
        return ""
    # Half characters could not be stored.
    return str(reason).encode("utf-8", errors="replace").decode()[:LONGEST]
