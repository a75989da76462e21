"""A process ends when the Prefect server that it uses has ended before it.

The server's port is free then. Another user's process could take it, and would be asked what to do.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.domain import locks

FAULT = 1
SAID = "labelloop: the Prefect server has ended; run again to go on from here\n"


@contextmanager
def guarded(alive: Path) -> Iterator[None]:
    """End this process at once if the server ends within the block.

    Parameters
    ----------
    alive : Path
        The lock that the server holds while it lives.
    """
    left = threading.Event()
    threading.Thread(target=_watch, args=(alive, left), daemon=True, name="guard").start()
    try:
        yield
    finally:
        left.set()


def _watch(alive: Path, left: threading.Event) -> None:
    locks.wait_for(alive)
    if not left.is_set():
        sys.stderr.write(SAID)
        sys.stderr.flush()
        # A campaign can be interrupted anywhere, and to end in good order is to ask the server.
        os._exit(FAULT)
