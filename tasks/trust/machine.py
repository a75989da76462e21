"""The folder in which this user, on this machine, keeps what no campaign may touch."""

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from tasks.domain.errors import CampaignError

VARIABLE = "LABELLOOP_STATE"
"""The environment variable that names the folder, if it shall be another than the usual one."""
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def state() -> Path:
    """Give the folder; made when first asked for, and nobody else's.

    It is ``$LABELLOOP_STATE``, or else ``labelloop`` in ``$XDG_STATE_HOME``, or else
    ``~/.local/state/labelloop``.

    Raises
    ------
    CampaignError
        It is a symbolic link or a file, or belongs to another user.
    """
    return private(_named())


def of(root: Path) -> Path:
    """Give the part of it that belongs to the campaign at a path; made when first asked for.

    Its name begins with the campaign's folder for people to recognise, and ends in a digest of the
    whole path.
    """
    path = str(root.resolve())
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    state()
    private(_named() / "campaigns")
    return private(_named() / "campaigns" / f"{Path(path).name}-{digest}")


def private(folder: Path) -> Path:
    """Have a folder that only this user may enter.

    Raises
    ------
    CampaignError
        It is there and is no folder, or a symbolic link, or another user's.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise CampaignError("is no folder of its own", where=str(folder), fix="remove it")
    if found.st_uid != os.getuid():
        raise CampaignError(
            "belongs to another user", where=str(folder), fix=f"name another with {VARIABLE}"
        )
    if stat.S_IMODE(found.st_mode) != PRIVATE_FOLDER:
        folder.chmod(PRIVATE_FOLDER)
    return folder


def _named() -> Path:
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser().absolute()
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser().absolute() / "labelloop"
