"""What a test looks for when nothing may be left running."""

import contextlib
import os
from pathlib import Path


def processes(root: Path) -> list[str]:
    """List the other processes that speak of a directory in command line or environment."""
    return [said[:200] for said in by_id(root).values()]


def by_id(root: Path) -> dict[int, str]:
    """Give what those processes say, by their ids."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if str(root).encode() in said and process.name != str(os.getpid()):
                found[int(process.name)] = said.decode("utf-8", "replace")
    return found


def children() -> list[str]:
    """List this process's children, those that ended and were not reaped too."""
    tasks = Path("/proc/self/task").glob("*/children")
    return [pid for task in tasks for pid in task.read_text().split()]
