"""The home of a Prefect server: what its users know of it, in a folder that is only theirs.

The folder lies in this user's state folder and not in the campaign: a clone could bring a record of
its own, and others could hold the locks.
"""

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from tasks.domain.errors import CampaignError
from tasks.domain.files import OTHERS, opener, pretty_json, write_atomic
from tasks.trust import machine

HOST = "127.0.0.1"
START, USERS, ALIVE, RECORD, LOG = (
    "start.lock",
    "users.lock",
    "alive.lock",
    "server.json",
    "server.log",
)


@dataclass(frozen=True)
class Server:
    """How to use a server of this machine.

    Attributes
    ----------
    port : int
    password : str
        User and password as ``user:password``. Whoever knows it can have commands executed.
    """

    port: int
    password: str = field(repr=False)

    @property
    def pages(self) -> str:
        """The address of its pages."""
        return f"http://{HOST}:{self.port}"

    @property
    def address(self) -> str:
        """The address of its API."""
        return f"{self.pages}/api"


def of(root: Path) -> Path:
    """Give the home of a campaign's server; made when first asked for."""
    return machine.private(machine.of(root) / "prefect")


def write(home: Path, server: Server) -> None:
    """Record the server that is about to start."""
    write_atomic(home / RECORD, pretty_json({"port": server.port, "password": server.password}))


def read(home: Path) -> Server:
    """Read the record of the server that lives.

    Raises
    ------
    CampaignError
        Others may have written the record, or may read it.
    """
    path = home / RECORD
    with open(path, encoding="utf-8", opener=_no_link) as file:
        found = os.fstat(file.fileno())
        if found.st_uid != os.getuid() or found.st_mode & OTHERS or not stat.S_ISREG(found.st_mode):
            fix = "end the runs that use the server, and remove it"
            raise CampaignError("is not only this user's", where=str(path), fix=fix)
        return Server(**json.load(file))


def _no_link(path: str, flags: int) -> int:
    return opener(path, flags | os.O_NOFOLLOW)
