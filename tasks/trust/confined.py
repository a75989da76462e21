"""Work with a stranger's data, in a process of its own that may die of it.

Libraries that read models, tables and images are written in C, and believe much of what they read.
What breaks them breaks a process that has nothing but this work: its memory and its time are
limited, it has none of the environment's secrets, and ends with the process that started it. It is
asked in lines of JSON and answers so; what it answers is a stranger's, too.
"""

import atexit
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import Any

from tasks.domain import errors
from tasks.domain.errors import DataError, LabelloopError
from tasks.trust import limits
from tasks.trust.limits import Limits

PASSED_ON = (
    "PATH",
    "HOME",
    "TMPDIR",
    "TZ",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "LABELLOOP_STATE",
    "XDG_STATE_HOME",
    "DO_NOT_TRACK",
    "DVC_NO_ANALYTICS",
)
"""The variables that it gets; tokens and keys are in none of them."""
LONGEST_REQUEST, LONGEST_REPLY = 1 << 15, 1 << 24
LONGEST_WORDS = 2000
START_SECONDS = 600
"""Until it is ready; on a busy machine imports take long, and nothing foreign is read yet."""
READY = b"ready"
UNTRUSTWORTHY = "what it read is broken, or was made to break programs"


class _EndedError(Exception):
    """The process ended, or was ended, before it replied; says how."""


class _Process:
    """A process that waits for requests."""

    def __init__(self, limit: Limits) -> None:
        self.limits, parent = limit, str(os.getpid())
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tasks.trust.child", json.dumps(asdict(limit)), parent],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
            cwd="/",
            # Ctrl-C is for the process that asked; it ends this one.
            start_new_session=True,
        )
        self._left = b""
        try:
            if self._line(START_SECONDS) != READY:
                raise _EndedError("could not be started")
        except BaseException:
            self.end()
            raise

    def ask(self, request: bytes) -> bytes:
        """Send a line; gives the line that comes back, or raises `_EndedError`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise _EndedError(self._how()) from None
        return self._line(self.limits.seconds)

    def end(self) -> None:
        """Kill it, if it is there."""
        self._process.kill()
        self._process.wait()
        for end in (self._process.stdin, self._process.stdout):
            if end and not end.closed:
                _close(end)

    def _line(self, seconds: float) -> bytes:
        until = time.monotonic() + seconds
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._left:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise _EndedError(f"took longer than {seconds} s")
                piece = os.read(self._process.stdout.fileno(), 1 << 16)
                if not piece:
                    raise _EndedError(self._how())
                self._left += piece
                if len(self._left) > LONGEST_REPLY:
                    raise _EndedError("said more than it may")
        line, _, self._left = self._left.partition(b"\n")
        return line

    def _how(self) -> str:
        code = self._process.wait()
        if code >= 0:
            return f"ended the process that worked on it (exit code {code})"
        if -code == signal.SIGXCPU:
            return f"took longer than {self.limits.seconds} s"
        return f"broke the process that worked on it ({signal.Signals(-code).name})"


_lock = threading.Lock()
_processes: dict[int, _Process] = {}
"""By the id of the process that started it: one that is forked must not talk to its parent's."""


def call(function: str, *arguments: Any, where: str) -> Any:
    """Call a function in a confined process, which stays for the next call.

    Parameters
    ----------
    function : str
        As ``package.module:name``; it takes and gives plain JSON.
    *arguments
        Plain JSON, of a few names and numbers.
    where : str
        What to name if it does not end well.

    Raises
    ------
    LabelloopError
        What the function raised, as one of the same class.
    DataError
        It broke its process, took longer or needed more than it may, or failed in any other way.
    """
    request = json.dumps({"function": function, "arguments": arguments}).encode()
    assert len(request) < LONGEST_REQUEST, "files are what large things are passed in"
    with _lock:
        process = _process()
        try:
            reply = _read(process.ask(request))
        except _EndedError as error:
            _forget()
            raise _refusal(str(error), where, process.limits) from None
        except BaseException:
            _forget()
            raise
    return _told(reply, where, process.limits)


def close() -> None:
    """End the process that this one started, if there is one."""
    with _lock:
        _forget()


def _process() -> _Process:
    wanted, there = limits.given(), _processes.get(os.getpid())
    if there is None or there.limits != wanted:
        _forget()
        try:
            there = _processes[os.getpid()] = _Process(wanted)
        except _EndedError as error:
            raise LabelloopError(f"a process for a stranger's data {error}") from None
        atexit.register(close)
    return there


def _forget() -> None:
    if process := _processes.pop(os.getpid(), None):
        process.end()


def _read(line: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise _EndedError("gave no sense")
    return reply


def _told(reply: dict[str, Any], where: str, limit: Limits) -> Any:
    if "result" in reply:
        return reply["result"]
    if "memory" in reply:
        raise limits.out_of_memory(where)
    kind = getattr(errors, str(reply.get("error")), None)
    if not (isinstance(kind, type) and issubclass(kind, LabelloopError)):
        raise _refusal("gave no sense", where, limit)
    what, in_, fix = (_words(reply.get(name)) for name in ("what", "where", "fix"))
    # Some classes are made of other things than these three, and are none the less told by them.
    error = kind.__new__(kind, what)
    LabelloopError.__init__(error, what, where=in_ or where, fix=fix)
    raise error


def _refusal(what: str, where: str, limit: Limits) -> DataError:
    late = what == f"took longer than {limit.seconds} s"
    fix = f"{limits.SECONDS_VARIABLE} allows more" if late else UNTRUSTWORTHY
    return DataError(what, where=where, fix=fix)


def _words(text: Any) -> str:
    return "".join(one if one.isprintable() else " " for one in str(text or "")[:LONGEST_WORDS])


def _close(end: Any) -> None:
    try:
        end.close()
    except BrokenPipeError:
        # What it was not told any more needs no telling.
        return
