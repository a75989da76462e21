"""Whoever opens a campaign of somebody who means harm is told of it, and nothing else happens."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from security import stranger as hostile
from security import traced

from tasks import campaign as at

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(traced.STRACE is None, reason="strace, which sees all, is not installed"),
]
COMMANDS = (
    ("status",),
    ("why", "item-0001"),
    ("check",),
    ("report",),
    ("audit",),
    ("replay", "--all"),
)
LISTED = (".git/config", at.REPORT, ".dvc/config", at.SUITES[0])
"""What must be named of a campaign that has it all; while git's settings are refused, git is not
called, so the ledger is not compared with it."""
SECRET = "not-for-strangers-0123456789"  # it is none


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process


PROGRAMS = {"labelloop", "git", Path(sys.executable).name, "fc-list", "uname"}
"""The last two tell libraries which fonts and which processor this machine has."""


@pytest.fixture
def stranger(
    finished: Path,
    tmp_path: Path,
    listener: socket.socket,
    sleeper: "subprocess.Popen[bytes]",
) -> hostile.Stranger:
    root = Path(shutil.copytree(finished, tmp_path / "trees", symlinks=True))
    shutil.rmtree(root / at.PRIVATE)
    for folder in ("marks", "outside", "home", "state", "tmp"):
        (tmp_path / folder).mkdir()
    port = listener.getsockname()[1]
    return hostile.Stranger(root, tmp_path / "marks", tmp_path / "outside", sleeper.pid, port)


def opened(stranger: hostile.Stranger, command: tuple[str, ...]) -> traced.Trace:
    """Run a command of labelloop's as somebody who has secrets in the environment."""
    folder = stranger.root.parent
    environment = {
        **{key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ},
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LABELLOOP_STATE": str(folder / "state"),
        "LABEL_STUDIO_TOKEN": SECRET,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "MLFLOW_TRACKING_TOKEN": SECRET,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # In the campaign's own folder, as somebody would who has just cloned it.
    program = [str(Path(sys.executable).with_name("labelloop")), *command]
    return traced.run(program, stranger.root, folder / "trace.log", environment)


def assert_harmless(trace: traced.Trace, stranger: hostile.Stranger) -> None:
    """Nothing of the author's ran, nobody was asked, and nothing elsewhere was changed."""
    folder = stranger.root.parent
    assert sorted(path.name for path in stranger.marks.iterdir()) == []
    assert {Path(program).name for program in trace.executed} <= PROGRAMS
    assert trace.asked == ()
    own = [stranger.root, *(folder / name for name in ("home", "state", "tmp"))]
    allowed = (*own, Path("/dev"), Path("/proc"))
    outside = [
        path
        for path in trace.changed
        if not any(map(path.is_relative_to, allowed)) and path.parent.name != "__pycache__"
    ]
    assert outside == []
    assert sorted(path.name for path in stranger.outside.iterdir()) == []
    assert trace.status in (0, 1, 2)
    assert "Traceback" not in trace.printed


@pytest.mark.parametrize("attacks", [*hostile.ATTACKS, hostile.GIT, "all"])
def test_opening_it_does_no_harm(
    attacks: str,
    stranger: hostile.Stranger,
    listener: socket.socket,
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    hostile.arm(stranger, [*hostile.ATTACKS, hostile.GIT] if attacks == "all" else [attacks])
    for command in COMMANDS:
        trace = opened(stranger, command)
        print(f"--- {attacks}: {' '.join(command)}: {trace.status}\n{trace.printed}")
        assert_harmless(trace, stranger)
        if attacks == "all" and command == ("audit",):
            assert [name for name in LISTED if name not in trace.printed] == []
    assert sleeper.poll() is None
    with pytest.raises(BlockingIOError):
        listener.accept()
