"""A Prefect server on loopback, for as long as a command runs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tasks.domain.errors import CampaignError

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
START_SECONDS = 120.0


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
    """Start a server, wait until it answers, stop it at the end."""
    home.mkdir(parents=True, exist_ok=True)
    # Set for this process too: a client's settings and its results lie in the same home.
    os.environ["PREFECT_HOME"] = str(home)
    port = _free_port()
    address = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    try:
        _wait(address, server, home / "server.log")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        if _answers(f"{address}/health"):
            return
        time.sleep(0.1)
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
