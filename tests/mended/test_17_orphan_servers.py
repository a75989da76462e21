"""No Prefect server survives those who use it, however they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from processes import HANG_SECONDS, ids, labelloop_process, wait_for_end, wait_until

pytestmark = pytest.mark.integration

SERVER = "flows.hosting"
USER = """
import sys, time
from pathlib import Path
from flows.server import started
with started(Path(sys.argv[1])) as server:
    Path(sys.argv[2]).write_text(server.address)
    sys.stdin.read()
"""
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]


@contextmanager
def user(home: Path, said: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Use a home's server until standard input is closed; writes down where it is."""
    with said.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home), str(said)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address(said: Path, process: "subprocess.Popen[bytes]") -> str:
    wait_until(lambda: said.exists() and said.read_text(), process, said.with_suffix(".log"))
    return said.read_text()


def server(home: Path, process: "subprocess.Popen[bytes]", log: Path) -> list[int]:
    found: list[int] = wait_until(lambda: ids(home, SERVER), process, log)
    return found


@pytest.mark.parametrize("how", SIGNALS)
def test_a_run_that_ends_while_its_server_starts_leaves_none(
    campaign: Path, tmp_path: Path, how: signal.Signals
) -> None:
    log = tmp_path / "log"
    with labelloop_process(campaign, "run", "--wait", log=log) as run:
        started = server(campaign, run, log)
        run.send_signal(how)
        run.wait()
        wait_for_end(started)
    assert ids(campaign) == []
    if how != signal.SIGKILL:
        assert run.returncode == 128 + how
        assert len(log.read_text().splitlines()) == 1


@pytest.mark.long
@pytest.mark.parametrize("how", SIGNALS)
@pytest.mark.parametrize("after", [0.0, 0.05, 0.3, 1.0, 3.0])
def test_a_starter_may_die_at_any_moment(tmp_path: Path, how: signal.Signals, after: float) -> None:
    """The moments are of the clock; what must be true after each of them is not."""
    home, said = tmp_path / "home", tmp_path / "said"
    with user(home, said) as starter:
        started = server(home, starter, said.with_suffix(".log"))
        try:
            starter.wait(after)
        except subprocess.TimeoutExpired:
            starter.send_signal(how)
        starter.wait()
        wait_for_end(started)
    assert ids(home) == []


def test_a_server_lives_on_for_others_and_ends_with_the_last(tmp_path: Path) -> None:
    home, first, second = tmp_path / "home", tmp_path / "first", tmp_path / "second"
    with user(home, first) as starter:
        started = server(home, starter, first.with_suffix(".log"))
        with user(home, second) as other:
            # The second comes while the server is still starting, and takes it for what it is.
            there = address(second, other)
            assert address(first, starter) == there
            starter.kill()
            starter.wait()
            assert httpx.get(f"{there}/health", timeout=HANG_SECONDS).is_success
            assert ids(home, SERVER) == started
            other.communicate()
            assert other.returncode == 0
    assert ids(home) == []


def test_whoever_comes_after_a_kill_has_a_server_of_its_own(tmp_path: Path) -> None:
    home, first, second = tmp_path / "home", tmp_path / "first", tmp_path / "second"
    with user(home, first) as starter:
        before = server(home, starter, first.with_suffix(".log"))
        starter.kill()
        with user(home, second) as other:
            there = address(second, other)
            assert httpx.get(f"{there}/health", timeout=HANG_SECONDS).is_success
            assert set(ids(home, SERVER)).isdisjoint(before)
            other.communicate()
            assert other.returncode == 0
    assert ids(home) == []


def test_a_server_whose_last_user_is_killed_ends(tmp_path: Path) -> None:
    home, said = tmp_path / "home", tmp_path / "said"
    with user(home, said) as starter:
        address(said, starter)
        started = ids(home, SERVER)
        os.kill(starter.pid, signal.SIGKILL)
        wait_for_end(started)
    assert ids(home) == []
