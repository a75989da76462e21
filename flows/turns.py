"""One scheduled run at a time, whichever deployment it is of."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tasks.domain import locks

Busy = Literal["join", "wait", "leave"]
"""What to do while a scheduled run is at the campaign.

join: go on beside it, which is safe and may do things in vain. wait: until it is over. leave.
"""


@contextmanager
def turn(path: Path, busy: Busy) -> Iterator[bool]:
    """Have the campaign's turn for a block; gives whether to go on.

    A lock of the kernel and not one of Prefect's limits: a run that was killed holds it no longer,
    while Prefect waits until a lease is over.
    """
    if busy == "join":
        yield True
        return
    with locks.opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy == "leave" else 0))
        except BlockingIOError:
            yield False
            return
        yield True
