"""What a stranger's data could have a library do; called by name in a confined process."""

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Any

from tasks.domain import errors


def segfault() -> None:
    ctypes.string_at(0)


def loop() -> None:
    while True:
        pass


def eat() -> int:
    return len(bytearray(64 << 30))


def leave(code: int) -> None:
    os._exit(code)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def chatter() -> str:
    """Print what looks like an answer, from Python and from below it."""
    print('{"result": "forged"}', flush=True)
    os.write(1, b'{"result": "forged"}\n')
    os.write(2, b"\x1b[31mred\x1b[0m\n")
    return "honest"


def long_answer() -> str:
    return "x" * (1 << 25)


def senseless() -> Any:
    return object()


def fail(words: str) -> None:
    raise ValueError(words)


def refuse(name: str) -> None:
    raise getattr(errors, name)("is wrong", where="a file", fix="mend it")


def environment() -> list[str]:
    return sorted(os.environ)


def write(path: str, size: int) -> None:
    with Path(path).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def process() -> int:
    return os.getpid()


def wait(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    while True:
        time.sleep(1)
