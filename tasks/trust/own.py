"""Which campaigns are this user's own: made here, or taken for such by `labelloop trust`.

A campaign is recognised by a random token in its private folder, which no clone has, and of which
this machine keeps the digest, or by a folder above it that ``LABELLOOP_TRUST`` names. A campaign
that is not one's own is a stranger's: it can be opened, audited and replayed, and what is computed
for it is computed in a process of its own.
"""

import hashlib
import secrets
from pathlib import Path

from tasks.domain.files import write_atomic
from tasks.trust import machine, named

TOKEN = "token"  # noqa: S105 # a file's name
LONGEST = 64


def is_own(private: Path) -> bool:
    """Whether the campaign with that private folder is this user's own."""
    if named.covers_path(private.parent):
        return True
    path = private / TOKEN
    if private.is_symlink() or path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        token = file.read(LONGEST + 1)
    return len(token) == LONGEST and (_records() / _digest(token)).exists()


def take(private: Path) -> None:
    """Take the campaign with that private folder for one's own from now on."""
    if is_own(private):
        return
    machine.private(private)
    token = secrets.token_hex(LONGEST // 2).encode()
    write_atomic(private / TOKEN, token)
    (_records() / _digest(token)).touch(mode=machine.PRIVATE_FILE)


def _records() -> Path:
    return machine.private(machine.state() / "own")


def _digest(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()
