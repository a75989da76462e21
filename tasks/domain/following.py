"""A process that ends with the one that started it, even by SIGKILL."""

import os
import signal
import threading
import time

PAUSE_SECONDS = 0.5


def follow(parent: int) -> None:
    """End this process when its parent, by its id, has ended.

    A process that loses its parent gets another one, which any POSIX system can be asked for.
    """
    threading.Thread(target=_follow, args=(parent,), daemon=True, name="tether").start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PAUSE_SECONDS)
    # A campaign can be interrupted anywhere, and telling a server that is gone would take minutes.
    os.kill(os.getpid(), signal.SIGKILL)
