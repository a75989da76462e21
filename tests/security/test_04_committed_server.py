"""A record of a Prefect server that came with a campaign, or from another user, is not believed."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from prefect_server import prepared
from processes import HANG_SECONDS, labelloop_process
from support import FORK

from flows import home, listener, server
from flows.home import Server
from tasks import campaign as at
from tasks.domain import locks
from tasks.domain.errors import CampaignError

NOBODY = 65534
"""The id of a user whom every system has and who may do nothing."""
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")


def listen(uid: int, port: "Queue[int]") -> None:
    """Listen as a user, and end at the first connection."""
    os.setuid(uid)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port.put(listening.getsockname()[1])
        listening.accept()


@contextmanager
def listening(uid: int) -> Iterator[tuple[int, BaseProcess]]:
    """Have a user's process listen; gives the port, and the process, which ends if asked."""
    port = FORK.Queue()
    process = FORK.Process(target=listen, args=(uid, port))
    process.start()
    try:
        yield port.get(timeout=HANG_SECONDS), process
    finally:
        process.kill()
        process.join()


def hold(folder: Path, ready: Event) -> None:
    """Do with the locks what a server does that has one more user: live until it is gone."""
    with locks.opened(folder / home.ALIVE) as alive, locks.opened(folder / home.USERS) as users:
        fcntl.flock(alive, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        ready.set()
        time.sleep(HANG_SECONDS)


@contextmanager
def alive(folder: Path) -> Iterator[None]:
    ready = FORK.Event()
    process = FORK.Process(target=hold, args=(folder, ready))
    process.start()
    assert ready.wait(HANG_SECONDS)
    try:
        yield
    finally:
        process.kill()
        process.join()


@pytest.mark.integration
def test_what_a_clone_brings_is_neither_asked_nor_killed(campaign: Path, tmp_path: Path) -> None:
    brought = campaign / at.PRIVATE / "prefect"
    brought.mkdir(parents=True)
    sleeper = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1)
    with listening(os.getuid()) as (port, asked), alive(brought), sleeper:
        address = f"http://127.0.0.1:{port}/api"
        said = {"address": address, "pid": sleeper.pid, "port": port, "password": "a:b"}
        (brought / home.RECORD).write_text(json.dumps(said))
        log = tmp_path / "log"
        prepared(home.of(campaign))
        with labelloop_process(campaign, "run", log=log) as run:
            assert run.wait(HANG_SECONDS) == 0, log.read_text()
        assert asked.is_alive()
        assert sleeper.poll() is None
        sleeper.kill()
    assert {path.name for path in brought.iterdir()} == {home.RECORD, home.ALIVE, home.USERS}


def record(folder: Path, port: int) -> Server:
    folder.mkdir(mode=0o700)
    known = Server(port, "labelloop:secret")
    home.write(folder, known)
    return known


@as_root
def test_another_users_process_at_the_port_is_not_spoken_to(tmp_path: Path) -> None:
    with listening(NOBODY) as (port, asked):
        record(tmp_path / "home", port)
        with (
            alive(tmp_path / "home"),
            pytest.raises(CampaignError, match="another user's process listens"),
            server.started(tmp_path / "home"),
        ):
            pass
        assert asked.is_alive()


def test_who_listens_is_told_from_the_kernels_table(tmp_path: Path) -> None:
    row = "0: 0100007F:{port:04X} 00000000:0000 {state} 0:0 00:0 0 {uid} 0 1"
    table = tmp_path / "tcp"
    rows = [
        row.format(port=4200, state="0A", uid=1001),
        row.format(port=4200, state="01", uid=1002),
        row.format(port=4201, state="0A", uid=1003),
    ]
    table.write_text("\n".join(["head", *rows]) + "\n")
    assert listener.owners(4200, table) == {1001}
    assert listener.owners(4202, table) == set()
    assert listener.owners(4200, tmp_path / "not there") is None


def test_a_listener_of_ones_own_is_known_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert listener.owners(port) in ({os.getuid()}, None)
    assert listener.owners(port) in (set(), None)


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o602])
def test_a_record_that_others_could_write_or_read_is_refused(tmp_path: Path, mode: int) -> None:
    known = record(tmp_path / "home", 4200)
    assert home.read(tmp_path / "home") == known
    (tmp_path / "home" / home.RECORD).chmod(mode)
    with pytest.raises(CampaignError, match=r"server\.json: is not only this user's"):
        home.read(tmp_path / "home")


@as_root
def test_a_record_or_home_of_another_user_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "home", 4200)
    os.chown(tmp_path / "home" / home.RECORD, NOBODY, NOBODY)
    with pytest.raises(CampaignError, match=r"server\.json: is not only this user's"):
        home.read(tmp_path / "home")
    os.chown(tmp_path / "home", NOBODY, NOBODY)
    with (
        pytest.raises(CampaignError, match="belongs to another user"),
        server.started(tmp_path / "home"),
    ):
        pass


def test_the_home_is_outside_every_campaign(campaign: Path) -> None:
    assert not home.of(campaign).is_relative_to(campaign)
    assert home.of(campaign).stat().st_mode & 0o777 == 0o700


def test_no_message_shows_the_password() -> None:
    assert "secret" not in repr(Server(4200, "labelloop:secret"))
