"""Files that are either wholly there or not there, and JSON with one spelling."""

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from tasks.domain import crash

PRIVATE_FILE, SHARED_FILE = 0o600, 0o644
OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""What group and others may do, as bits of a mode."""


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
    rename that is lost with the power would undo what the ledger says. The file is as private as
    its folder.
    """
    content = content.encode() if isinstance(content, str) else content
    make_folder(path.parent)
    temporary = write_beside(path, content)
    with crash.guarded(f"rename:{path.name}"):
        temporary.replace(path)
        sync_folder(path.parent)


def write_beside(path: Path, content: bytes) -> Path:
    """Write and fsync a temporary file in the folder of `path`; return where it is."""
    mode = mode_in(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    Path(name).chmod(mode)
    return Path(name)


def mode_in(folder: Path) -> int:
    """Give the mode of a new file: who cannot enter its folder is not to read it either."""
    return SHARED_FILE if folder.stat().st_mode & OTHERS else PRIVATE_FILE


def opener(path: str, flags: int) -> int:
    """Open a file for `open`; one that is made by that is as private as its folder."""
    return os.open(path, flags, mode_in(Path(path).parent))


def touch(path: Path, mode: int | None = None) -> None:
    """Make an empty file if none is there, for a library that would let others read it.

    Parameters
    ----------
    path : Path
    mode : int, optional
        As private as its folder if not told.
    """
    how = mode_in(path.parent) if mode is None else mode
    os.close(os.open(path, os.O_CREAT | os.O_RDONLY, how))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it if they are not there; each as private as the one above."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    above = folder.parent.stat().st_mode
    folder.mkdir(mode=stat.S_IRWXU | above & OTHERS, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
