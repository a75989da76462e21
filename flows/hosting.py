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
from typing import TYPE_CHECKING

from tasks.domain.files import OTHERS

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOSTS = ["127.0.0.1", "localhost"]
"""By which names it is asked for. A page from elsewhere whose name was made to lead here asks for
its own name, and is refused."""
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

    config = uvicorn.Config(_app(), log_level="warning")
    # Not before the pages are laid out: those lie beside Prefect's code, for all users of it.
    os.umask(OTHERS)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


def _app() -> "ASGIApp":
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    if not get_current_settings().server.api.auth_string:
        sys.exit("a Prefect server without a password would be anybody's")
    return TrustedHostMiddleware(create_app(final=True), HOSTS, www_redirect=False)


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
