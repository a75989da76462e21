"""Processes that Prefect starts for `labelloop serve` end when it does, even by SIGKILL."""

import os
import signal
import threading
import time

STARTER = "LABELLOOP_STARTER"
"""The environment variable that holds the process id of the `labelloop serve` above."""
PAUSE_SECONDS = 0.5


def offer() -> None:
    """Let processes that this one starts know whom to follow."""
    os.environ[STARTER] = str(os.getpid())


def follow() -> None:
    """End this process when the one that started it has ended, if that asked for it.

    A process that loses its parent gets another one, which any POSIX system can be asked for.
    """
    starter = int(os.environ.get(STARTER, os.getpid()))
    if starter != os.getpid():
        threading.Thread(target=_follow, args=(starter,), daemon=True, name="tether").start()


def _follow(starter: int) -> None:
    while os.getppid() == starter:
        time.sleep(PAUSE_SECONDS)
    # A campaign can be interrupted anywhere, and telling a server that is gone would take minutes.
    os.kill(os.getpid(), signal.SIGKILL)
