"""A stranger's campaign that breaks a program breaks a child, and is told in one line."""

import os
import signal
import subprocess
import sys

import pytest
from processes import HANG_SECONDS

from tasks.trust import limits

ENTER = """
import os, sys, time
from pathlib import Path
from flows import isolated
from tasks.domain.errors import DataError
try:
    isolated.enter(Path("trees"))
    print(os.getpid(), flush=True)
    {what}
except DataError as error:
    print(error)
    sys.exit(2)
"""


def isolated(what: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", ENTER.format(what=what)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("code", [0, 1, 2])
def test_an_exit_code_is_passed_on(code: int) -> None:
    assert isolated(f"sys.exit({code})").returncode == code


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGFPE", "SIGKILL"])
def test_a_death_is_one_line(name: str) -> None:
    done = isolated(f"os.kill(os.getpid(), {int(signal.Signals[name])})")
    assert done.returncode == 2
    _, line = done.stdout.splitlines()
    assert line.startswith(f"trees: broke the process that read it ({name})")


def test_memory_is_limited() -> None:
    done = isolated("bytearray(3 << 30)", **{limits.GIB_VARIABLE: "1"})
    assert done.returncode == 1
    assert "MemoryError" in done.stderr


def test_the_child_ends_with_the_one_that_waits() -> None:
    what = f"time.sleep({2 * HANG_SECONDS})"
    with subprocess.Popen(
        [sys.executable, "-c", ENTER.format(what=what)], stdout=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline()
        waiting.kill()
        # The pipe ends when nobody holds it any more: the child is gone.
        assert waiting.stdout.read() == ""
