"""What a program really did, by the kernel's account: strace's list of its system calls."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STRACE = shutil.which("strace")
CALLS = (
    "execve,execveat,open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,symlink,"
    "symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,chmod,fchmodat,truncate,connect,sendto,kill,tgkill"
)
LINE = re.compile(r"^\d+ +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?)")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
INTERNET = re.compile(r'sa_family=AF_INET6?, .*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"')
PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
WRITES = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND")


@dataclass(frozen=True)
class Trace:
    """One run of a program.

    Attributes
    ----------
    status : int
        Its exit code.
    printed : str
        Standard output and standard error.
    executed : tuple of str
        Programs that were started, by path.
    changed : tuple of Path
        Files and folders that were made, opened for writing, renamed or removed, absolute.
    asked : tuple of (str, int)
        Addresses and ports on the internet protocol that were connected or sent to.
    """

    status: int
    printed: str
    executed: tuple[str, ...]
    changed: tuple[Path, ...]
    asked: tuple[tuple[str, int], ...]


def run(command: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str]) -> Trace:
    """Run a program and all that it starts under strace."""
    assert STRACE is not None
    traced = [STRACE, "-f", "-qq", "--seccomp-bpf", "-s", "4096", "-y", "-e", f"trace={CALLS}"]
    done = subprocess.run(
        [*traced, "-o", str(log), *command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    calls = list(_calls(log.read_text(errors="replace")))
    return Trace(
        done.returncode,
        done.stdout.decode(errors="replace"),
        tuple(_strings(arguments)[0] for name, arguments in calls if name.startswith("execve")),
        tuple(path for name, arguments in calls for path in _changed(name, arguments, folder)),
        tuple(asked for name, arguments in calls for asked in _asked(name, arguments)),
    )


def _calls(log: str) -> Iterator[tuple[str, str]]:
    """Give every call that succeeded, or that may have; a refused connection was still a try."""
    unfinished: dict[str, str] = {}
    for line in log.splitlines():
        pid = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            unfinished[pid] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        if "resumed>" in line:
            line = unfinished.pop(pid, "") + line.split("resumed>", 1)[1]
        if (found := LINE.match(line)) and (
            not found["result"].startswith("-") or found["name"] in ("connect", "sendto")
        ):
            yield found["name"], found["arguments"]


def _strings(arguments: str) -> list[str]:
    found = STRING.findall(arguments)
    return [one.encode("latin-1", "replace").decode("unicode_escape") for one in found]


def _changed(name: str, arguments: str, folder: Path) -> Iterator[Path]:
    if name in ("execve", "execveat", "connect", "sendto", "kill", "tgkill"):
        return
    if name.startswith("open") and not any(flag in arguments for flag in WRITES):
        return
    texts = _strings(arguments)
    for text in texts[-1:] if name.startswith("symlink") else texts:
        base = re.match(r"(?:AT_FDCWD|\d+)<([^>]*)>", arguments)
        yield Path(os.path.normpath(Path(base[1] if base else folder) / text))


def _asked(name: str, arguments: str) -> Iterator[tuple[str, int]]:
    if name in ("connect", "sendto") and (found := INTERNET.search(arguments)):
        port = PORT.search(arguments)
        yield found[1], int(port[1]) if port else 0
