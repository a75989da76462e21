"""The process of a Prefect server, which ends as soon as nobody uses it any more.

`flows.server` starts it as ``python -m flows.hosting USERS LISTENER ALIVE``. Every user holds a
shared lock on the file USERS, and the kernel takes it away when the user ends, however that
happens. So whoever can lock that file exclusively knows that no user is left.
"""

import fcntl
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

END_SECONDS = 20.0
"""How long the server may take to end in good order."""


def main(users: Path, listener: int, alive: int) -> None:
    """Serve Prefect's API and pages until the last user has gone.

    Parameters
    ----------
    users : Path
        The file that users hold a shared lock on.
    listener : int
        Descriptor of the bound socket to listen at.
    alive : int
        Descriptor whose lock tells others that this process lives; kept open, and no more.
    """
    for handle in (listener, alive):
        os.set_inheritable(handle, False)
    # Whoever started this may ignore it, and until the server runs nobody else handles it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Before anything that takes time: a starter that dies now must not leave a server behind.
    threading.Thread(target=_end_after, args=(users,), daemon=True, name="users").start()
    import uvicorn
    from prefect.server.api.server import create_app

    config = uvicorn.Config(create_app(final=True), log_level="warning")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


def _end_after(users: Path) -> None:
    """Wait until nobody holds the lock, then end this process.

    The exclusive lock is kept until the very end: it tells a new user to wait for that.
    """
    with users.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(END_SECONDS)
        os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
