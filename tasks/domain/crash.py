"""Named points at which a test can kill the process.

Losing nothing when killed is a promise, so every place where the outside world changes has a name
and can be died at. A point's name is made of the round, the stage and the operation, not of a
counter, so it is the same in every run of the same campaign.

``LABELLOOP_CRASH_AT=NAME``
    SIGKILL at the point of that name.
``LABELLOOP_CRASH_EACH=FILE``
    SIGKILL at the first point whose name is not yet a line of FILE, after adding it. Running again
    and again until the run survives walks through every point once.
``LABELLOOP_CRASH_LOG=FILE``
    Only add every name passed to FILE.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_scope: ContextVar[str] = ContextVar("_scope", default="")


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Prefix the names of all points inside, such as with the round and stage."""
    token = _scope.set(f"{_scope.get()}{name}/")
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def guarded(operation: str) -> Iterator[None]:
    """Put a point before and one after an operation that changes the outside world."""
    point(f"{operation}:before")
    yield
    point(f"{operation}:after")


def point(name: str) -> None:
    """Die here if the environment asks for it."""
    name = _scope.get() + name
    if (each := os.environ.get("LABELLOOP_CRASH_EACH")) and _is_new(Path(each), name):
        _die()
    if os.environ.get("LABELLOOP_CRASH_AT") == name:
        _die()
    if log := os.environ.get("LABELLOOP_CRASH_LOG"):
        _is_new(Path(log), name)


def _is_new(seen: Path, name: str) -> bool:
    if seen.exists() and name in seen.read_text().splitlines():
        return False
    with seen.open("a") as file:
        file.write(name + "\n")
    return True


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
