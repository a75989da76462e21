"""A Prefect server on loopback, for as long as a command runs."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
START_SECONDS = 120.0
STOP_SECONDS = 20.0
RECORD = "server.json"
"""Says where the running server of a home is."""
CHILDREN: list["subprocess.Popen[bytes]"] = []
"""Servers started by this process, which may outlive the block that started them."""


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
    """Have the server of a home: the one that runs, or a new one; the last user stops it.

    A server that was left behind by a process that was killed is found and used, too.
    """
    home.mkdir(parents=True, exist_ok=True)
    # Set for this process too: a client's settings and its results lie in the same home.
    os.environ["PREFECT_HOME"] = str(home)
    with (home / "users.lock").open("a") as users:
        with locks.exclusive(home / "start.lock"):
            address = _running(home) or _start(home)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield address
        finally:
            with locks.exclusive(home / "start.lock"):
                fcntl.flock(users, fcntl.LOCK_UN)
                if _is_last(users):
                    _stop(home)


def _running(home: Path) -> str | None:
    record = home / RECORD
    if not record.exists():
        return None
    address: str = json.loads(record.read_text())["address"]
    return address if _answers(f"{address}/health") else None


def _start(home: Path) -> str:
    port = _free_port()
    address = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--port", str(port)],
            stdout=log,
            stderr=log,
            # Ctrl-C is for us: what was recorded until then must still reach the server.
            start_new_session=True,
        )
    CHILDREN.append(server)
    write_atomic(home / RECORD, pretty_json({"address": address, "pid": server.pid}))
    _wait(address, server, home / "server.log")
    return address


def _is_last(users: TextIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop(home: Path) -> None:
    pid: int = json.loads((home / RECORD).read_text())["pid"]
    (home / RECORD).unlink()
    for ending in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_SECONDS
        while _is_alive(pid) and time.monotonic() < until:
            with suppress(ProcessLookupError):
                os.kill(pid, ending)
            time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    for child in CHILDREN:
        if child.pid == pid:
            return child.poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        if _answers(f"{address}/health"):
            return
        time.sleep(0.1)
    server.kill()
    server.wait()
    fix = f"see {log}, or name a running one with PREFECT_API_URL"
    raise CampaignError("the Prefect server did not start", where=address, fix=fix)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).is_success
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
