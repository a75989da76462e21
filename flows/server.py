"""A Prefect server on loopback, for as long as anybody uses it.

Three files in its home say what is true, by locks that the kernel takes away from a process that
ends in whatever way:

- ``start.lock`` is held exclusively while a user comes or leaves.
- ``users.lock`` is held shared by every user. The server waits for an exclusive lock on it, and
  ends once it has it (`flows.hosting`). So the server needs nobody to stop it.
- ``alive.lock`` is held by the server from before its process exists until it has ended. So a
  server that is still starting is not taken for a dead one, and a dead one not for another process
  that was given its number.
"""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import httpx

from tasks.domain import locks
from tasks.domain.errors import CampaignError
from tasks.domain.files import pretty_json, write_atomic

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
START_SECONDS = 600.0
"""When a server that lives and does not answer is given up; a busy machine needs a minute."""
START, USERS, ALIVE, RECORD, LOG = (
    "start.lock",
    "users.lock",
    "alive.lock",
    "server.json",
    "server.log",
)
CHILDREN: dict[Path, "subprocess.Popen[bytes]"] = {}
"""Servers started by this process, by home; they may outlive the block that started them."""


@contextmanager
def prefect_api(home: Path) -> Iterator[str]:
    """Have a Prefect API: the one that is configured, or else one started for this block.

    Parameters
    ----------
    home : Path
        Where a server that is started keeps its database, so that its record outlives it.

    Yields
    ------
    str
        The API's address.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if configured := os.environ.get("PREFECT_API_URL"):
        yield configured
        return
    with started(home) as address:
        os.environ["PREFECT_API_URL"] = address
        try:
            yield address
        finally:
            del os.environ["PREFECT_API_URL"]


@contextmanager
def started(home: Path) -> Iterator[str]:
    """Have the server of a home: the one that runs, or a new one.

    It runs until its last user has left or died, whether or not that is the one that started it.

    Raises
    ------
    CampaignError
        It did not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    # Set for this process too: a client's settings and its results lie in the same home.
    os.environ["PREFECT_HOME"] = str(home)
    with (home / USERS).open("a+") as users:
        try:
            with locks.exclusive(home / START):
                # This waits for a server that is ending.
                fcntl.flock(users, fcntl.LOCK_SH)
                address = _known(home) or _start(home)
            _wait(home, address)
            yield address
        finally:
            _leave(home, users)


def _known(home: Path) -> str | None:
    """Give the address of the server that lives, whether it answers yet or not."""
    if not locks.is_held(home / ALIVE):
        return None
    address: str = json.loads((home / RECORD).read_text())["address"]
    return address


def _start(home: Path) -> str:
    with socket.socket() as listener, (home / ALIVE).open("a+") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        # Bound here, so that nobody else can be given the port meanwhile.
        listener.bind(("127.0.0.1", 0))
        host, port = listener.getsockname()
        address = f"http://{host}:{port}/api"
        write_atomic(home / RECORD, pretty_json({"address": address}))
        handles = (listener.fileno(), alive.fileno())
        # -P: a folder that happens to be the current one is no place to import from.
        python = [sys.executable, "-P", "-m", "flows.hosting"]
        command = [*python, str(home / USERS), *map(str, handles)]
        here = {"PREFECT_SERVER_API_HOST": host, "PREFECT_SERVER_API_PORT": str(port)}
        with (home / LOG).open("wb") as log:
            server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **here},
                pass_fds=handles,
                # Ctrl-C is for us: what was recorded until then must still reach the server.
                start_new_session=True,
            )
    _reap(home)
    CHILDREN[home] = server
    return address


def _wait(home: Path, address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and locks.is_held(home / ALIVE):
        if _answers(f"{address}/health"):
            return
        time.sleep(0.1)
    fix = f"see {home / LOG}, or name a running one with PREFECT_API_URL"
    raise CampaignError("the Prefect server did not start", where=address, fix=fix)


def _leave(home: Path, users: TextIO) -> None:
    """Use the server no longer; the last to leave waits until it has ended."""
    with locks.exclusive(home / START):
        is_last = _is_last(users)
        fcntl.flock(users, fcntl.LOCK_UN)
        if is_last:
            locks.wait_for(home / ALIVE)
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


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).is_success
    except httpx.TransportError:
        return False
