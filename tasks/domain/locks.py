"""One writer at a time for what is not append-only: the work tree, git's index, DVC's lock file."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tasks.domain.files import opener


def opened(path: Path) -> TextIO:
    """Open a file to lock; made if it is not there, as private as its folder.

    Who could open it could lock it, and would be taken for one of this user's processes.
    """
    return open(path, "a+", opener=opener)  # the caller closes it


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock of this machine; the kernel lets go of it when the process dies."""
    with opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def is_held(path: Path) -> bool:
    """Whether some process holds an exclusive lock."""
    with opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def wait_for(path: Path) -> None:
    """Wait until no process holds an exclusive lock."""
    with opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        # Not left to the closing: a process that was forked meanwhile has the file open too.
        fcntl.flock(file, fcntl.LOCK_UN)
