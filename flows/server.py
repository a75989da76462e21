"""A Prefect server on loopback, for as long as anybody uses it.

Three files in its home say what is true, by locks that the kernel takes away from a process that
ends in whatever way:

- ``start.lock`` is held exclusively while a user comes or leaves.
- ``users.lock`` is held shared by every user. The server waits for an exclusive lock on it, and
  ends once it has it (`flows.hosting`). So the server needs nobody to stop it.
- ``alive.lock`` is held by the server from before its process exists until it has ended. So a
  server that is still starting is not taken for a dead one, and a dead one not for another process
  that was given its number.

Nobody else can use the server. A password is drawn at every start, and only processes of this user
can read it: it goes from process to process in their environments and in a file of the home, and
never on a command line or into a log.

Nor can anybody stand for the server, to learn the password or to say what to run. Only this user
can open ``alive.lock``, so if it is held the server lives. A server that lives keeps its port; when
it ends, ``users.lock`` keeps new users waiting, and those that it leaves behind end too
(`flows.guard`). And where the kernel tells whose process listens at the port (Linux), another
user's is refused before a word is sent to it.
"""

import fcntl
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import httpx

from flows import home as at
from flows import surroundings
from flows.guard import guarded
from flows.home import Server
from flows.listener import owners
from tasks.domain import locks
from tasks.domain.errors import CampaignError
from tasks.domain.files import opener
from tasks.trust import machine

USER, PASSWORD_BYTES = "labelloop", 32
START_SECONDS = 600.0
"""When a server that lives and does not answer is given up; a busy machine needs a minute."""
CHILDREN: dict[Path, "subprocess.Popen[bytes]"] = {}
"""Servers started by this process, by home; they may outlive the block that started them."""


@contextmanager
def prefect_api(home: Path) -> Iterator[str]:
    """Have a Prefect API: the one that is configured, or else one started for this block.

    The current folder is another one meanwhile: Prefect takes settings from ``prefect.toml``,
    ``.env`` and ``pyproject.toml`` of the current one, which may be a stranger's, and some of them
    name what is executed.

    Parameters
    ----------
    home : Path
        Where a server that is started keeps its database, so that its record outlives it.

    Yields
    ------
    str
        The API's address.
    """
    if configured := os.environ.get(surroundings.URL):
        with surroundings.left(), surroundings.changed(surroundings.quiet()):
            yield configured
        return
    with (
        started(home) as server,
        surroundings.left(),
        surroundings.changed(surroundings.of_client(home, server)),
    ):
        yield server.address


@contextmanager
def started(home: Path) -> Iterator[Server]:
    """Have the server of a home: the one that runs, or a new one.

    It runs until its last user has left or died, whether or not that is the one that started it.

    Raises
    ------
    CampaignError
        It did not start, or the home or the port is another user's.
    """
    machine.private(home)
    with locks.opened(home / at.USERS) as users:
        try:
            with locks.exclusive(home / at.START):
                # This waits for a server that is ending.
                fcntl.flock(users, fcntl.LOCK_SH)
                server = _known(home) or _start(home)
            _wait(home, server)
            with guarded(home / at.ALIVE):
                yield server
        finally:
            _leave(home, users)


def _known(home: Path) -> Server | None:
    """Give the server that lives, whether it answers yet or not."""
    return at.read(home) if locks.is_held(home / at.ALIVE) else None


def _start(home: Path) -> Server:
    with socket.socket() as listener, locks.opened(home / at.ALIVE) as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        # Bound here, so that nobody else can be given the port meanwhile.
        listener.bind((at.HOST, 0))
        _, port = listener.getsockname()
        server = Server(port, f"{USER}:{secrets.token_urlsafe(PASSWORD_BYTES)}")
        at.write(home, server)
        process = _process(home, server, listener.fileno(), alive.fileno())
    _reap(home)
    CHILDREN[home] = process
    return server


def _process(home: Path, server: Server, listener: int, alive: int) -> "subprocess.Popen[bytes]":
    # -P: a folder that happens to be the current one is no place to import from.
    python = [sys.executable, "-P", "-m", "flows.hosting"]
    with open(home / at.LOG, "wb", opener=opener) as log:
        return subprocess.Popen(
            [*python, str(home / at.USERS), str(listener), str(alive)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **surroundings.of_server(home, server)},
            # Prefect takes settings from files in the current folder, which may be a stranger's.
            cwd=home,
            pass_fds=(listener, alive),
            # Ctrl-C is for us: what was recorded until then must still reach the server.
            start_new_session=True,
        )


def _wait(home: Path, server: Server) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and locks.is_held(home / at.ALIVE):
        if _is_ours(server) and _answers(server):
            return
        time.sleep(0.1)
    fix = f"see {home / at.LOG}, or name a running one with PREFECT_API_URL"
    raise CampaignError("the Prefect server did not start", where=server.address, fix=fix)


def _is_ours(server: Server) -> bool:
    """Whether a process of this user listens there, or the kernel does not tell whose it is."""
    users = owners(server.port)
    if users is None or users == {os.getuid()}:
        return True
    if users:
        fix = "end what listens there, and run again"
        raise CampaignError("another user's process listens", where=server.address, fix=fix)
    return False


def _leave(home: Path, users: TextIO) -> None:
    """Use the server no longer; the last to leave waits until it has ended."""
    with locks.exclusive(home / at.START):
        is_last = _is_last(users)
        fcntl.flock(users, fcntl.LOCK_UN)
        if is_last:
            locks.wait_for(home / at.ALIVE)
            _reap(home)


def _reap(home: Path) -> None:
    """Take leave of a server of this process that has ended."""
    if server := CHILDREN.pop(home, None):
        server.wait()


def _is_last(users: TextIO) -> bool:
    for lock in (fcntl.LOCK_EX, fcntl.LOCK_SH):
        try:
            fcntl.flock(users, lock | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return lock == fcntl.LOCK_EX
    # Nobody but the server locks it exclusively: it is ending, since no user was left.
    return True


def _answers(server: Server) -> bool:
    try:
        return httpx.get(f"{server.address}/health", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
