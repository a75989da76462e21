"""Processes of the command line that a test may signal, and waiting for what becomes of them."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leftovers import by_id

HANG_SECONDS = 900.0
"""Only what hangs takes that long, on however busy a machine."""


@contextmanager
def labelloop_process(
    root: Path,
    *arguments: str,
    log: Path,
    deaf: bool = False,
    here: Path | None = None,
    **environment: str,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command line beside the test; whatever is left of it afterwards is killed.

    Parameters
    ----------
    log : Path
        Takes what it says; a pipe that nobody empties would stop it.
    deaf : bool
        Have it ignore SIGINT, as a shell has its background jobs.
    here : Path, optional
        Its current folder, if it is not that of the tests.
    """

    def ignore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "-C", str(root), *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LABELLOOP_ROOT": str(root), **environment},
            preexec_fn=ignore if deaf else None,
            cwd=here,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(what: Callable[[], Any], process: "subprocess.Popen[Any]", log: Path) -> Any:
    """Wait until something is true while a process lives; gives it."""
    until = time.monotonic() + HANG_SECONDS
    while not (found := what()):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.02)
    return found


def ids(root: Path, having: str = "") -> list[int]:
    """List the other processes that speak of a directory, and of something else."""
    return [pid for pid, said in by_id(root).items() if having in said]


def wait_for_end(pids: list[int]) -> None:
    """Wait until processes have ended, whoever started them."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            ended, _, _ = select.select([handle], [], [], HANG_SECONDS)
        finally:
            os.close(handle)
        assert ended, f"process {pid} is still there"
