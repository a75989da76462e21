"""A stranger's campaign is read in a process that may die of it.

Libraries that read tables and images are written in C, and believe much of what they read. So the
command goes on in a child whose memory is limited, and this process only waits to tell how that
ended.
"""

import os
import signal
import sys
from pathlib import Path

from tasks.domain import following
from tasks.domain.errors import DataError
from tasks.trust import limits

FIX = "what it read is broken, or was made to break programs"


def enter(directory: Path) -> None:
    """Go on in a child; this process ends when that one has ended, with its exit code.

    Parameters
    ----------
    directory : Path
        The campaign, to be named if the child dies.

    Raises
    ------
    DataError
        The child was ended by a signal. The child itself returns from here.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    parent = os.getpid()
    if child := os.fork():
        sys.exit(_outcome(child, directory))
    following.follow(parent)
    limits.given().enforce()


def _outcome(child: int, directory: Path) -> int:
    # Ctrl-C reaches the child as well, which ends in good order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        what = f"broke the process that read it ({signal.Signals(-code).name})"
        raise DataError(what, where=str(directory), fix=FIX)
    return code
