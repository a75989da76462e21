"""Files that are either wholly there or not there, and JSON with one spelling."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tasks.domain import crash


def canonical_json(value: Any) -> str:
    """Write a value as JSON in the one spelling that hashes are taken of.

    Sorted keys, no spaces, UTF-8, no NaN or infinity (``ValueError``).
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def pretty_json(value: Any) -> str:
    """Write a value as JSON for files that people read; as deterministic as `canonical_json`."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file so that a crash leaves the old bytes or the new ones, never a part.

    The bytes go beside the place, are fsynced, then renamed; the folder is fsynced too, since a
    rename that is lost with the power would undo what the ledger says.
    """
    content = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = write_beside(path, content)
    with crash.guarded(f"rename:{path.name}"):
        temporary.replace(path)
        sync_folder(path.parent)


def write_beside(path: Path, content: bytes) -> Path:
    """Write and fsync a temporary file in the folder of `path`; return where it is."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    Path(name).chmod(0o644)
    return Path(name)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
