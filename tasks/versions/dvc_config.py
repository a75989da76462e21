"""What DVC is told of a campaign: harmless settings of the clone, and all that is the user's own.

DVC's settings can name programs, folders to write to, and files that name programs (a profile of
S3 may have a ``credential_process``). So the clone's own file may say where the data is, and
nothing else; credentials come from the user's settings, which no clone brings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tasks import campaign as at
from tasks.domain.errors import CampaignError
from tasks.trust import own, repository

FOLDER = ".dvc"
CONFIG, LOCAL = f"{FOLDER}/config", f"{FOLDER}/config.local"
CORE = ("analytics", "check_update", "remote")
REMOTE = ("url", "endpointurl")
PLACES = {
    "url": re.compile(r"s3://[a-zA-Z0-9][\w.-]*(/[^?#@]*)?|(?![^/]*:).+"),
    "endpointurl": re.compile(r"https?://[^/@\s]+(/[^@\s]*)?"),
}
"""A bucket's prefix or a folder; the address of a server."""
LARGEST = 1 << 16
"""Bytes of a file of settings."""


@dataclass(frozen=True)
class Remote:
    """Where DVC's default remote is.

    Attributes
    ----------
    url : str
        An ``s3://`` prefix or a folder, absolute.
    endpointurl : str
        Where S3 is spoken; empty if at AWS.
    """

    name: str
    url: str
    endpointurl: str

    @property
    def is_folder(self) -> bool:
        """Whether it is on this machine."""
        return not urlsplit(self.url).netloc


def default_remote(root: Path) -> Remote | None:
    """Say where the default remote is, without asking it for anything; None if none is set.

    Raises
    ------
    CampaignError
        As `load`.
    """
    config = load(root)
    name = config["core"].get("remote")
    if not name:
        return None
    if name not in config["remote"]:
        what = f"names the remote {name!r}, which is not there"
        raise CampaignError(what, where=f"{CONFIG}, core.remote", fix="add it, or name another")
    said = config["remote"][name]
    return Remote(name, str(said["url"]), str(said.get("endpointurl", "")))


def load(root: Path) -> Any:
    """Read DVC's settings for a campaign, the clone's and the user's own.

    Raises
    ------
    CampaignError
        The clone says what it may not, or nothing that DVC understands.
    """
    refuse(root)
    from dvc.config import Config, ConfigError

    try:
        return Config(str(root / FOLDER))
    except ConfigError as error:
        first = (str(error).splitlines() or ["cannot be read"])[0]
        raise CampaignError(f"DVC: {first}", where=str(root)) from error


def refuse(root: Path) -> None:
    """Refuse a clone's settings that say more than where the data is.

    Raises
    ------
    CampaignError
        Names the file, section and key.
    """
    _refuse_links(root)
    for file in (CONFIG, LOCAL):
        path = root / file
        if not path.exists() or (file == LOCAL and _is_the_users(root)):
            continue
        for section, key, value in _settings(path, file):
            _refuse_setting(file, section, key, value)


def refuse_no_place(key: str, value: str, where: str) -> None:
    """Refuse an address of a remote or its server where no data of a campaign can be.

    Raises
    ------
    CampaignError
        It is neither a folder nor in a bucket; or nobody speaks S3 there.
    """
    if key in PLACES and not (value.isprintable() and PLACES[key].fullmatch(value)):
        what = f"is {value[:80]!r}, where no data of a campaign can be"
        fix = "name a folder or an s3:// prefix, and a server by http:// or https://"
        raise CampaignError(what, where=where, fix=fix)


def _is_the_users(root: Path) -> bool:
    """Whether ``config.local`` was written by this user, and came from nowhere."""
    return own.is_own(root / at.PRIVATE) and not repository.tracked(root, LOCAL)


def _refuse_links(root: Path) -> None:
    """Refuse links where DVC itself reads and writes; beneath them it would go on elsewhere."""
    folder = root / FOLDER
    if not folder.is_dir() or folder.is_symlink():
        raise CampaignError("is no folder", where=FOLDER, fix="restore it with `git checkout`")
    inside = ("cache", "cache/files", "cache/files/md5")
    found = [*folder.iterdir(), *(folder / name for name in inside)]
    for path in (*found, *_all_of(folder / "tmp")):
        if path.is_symlink():
            where = str(path.relative_to(root))
            what = "is a symbolic link, which could lead anywhere"
            raise CampaignError(what, where=where, fix="delete it")


def _all_of(folder: Path) -> Iterator[Path]:
    return iter(()) if folder.is_symlink() else folder.rglob("*")


def _settings(path: Path, file: str) -> Iterator[tuple[str, str, Any]]:
    """Read a file as DVC does; give section, key and value of each setting."""
    from dvc.config import Config, ConfigError

    try:
        if path.stat().st_size > LARGEST:
            raise CampaignError("is too large", where=file, fix="restore it with `git checkout`")
        found = Config.load_file(str(path))
    except (ConfigError, OSError, ValueError, SyntaxError, RecursionError) as error:
        first = (str(error).splitlines() or ["cannot be read"])[0]
        raise CampaignError(f"cannot be read ({first})", where=file, fix="mend it") from None
    for section, said in found.items():
        if section == "remote" and isinstance(said, dict):
            for name, options in said.items():
                yield from _of_section(f"remote {name!r}", options)
        else:
            yield from _of_section(section, said)


def _of_section(section: str, said: Any) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(said, dict):
        yield "", section, said
        return
    yield from ((section, key, value) for key, value in said.items())


def _refuse_setting(file: str, section: str, key: str, value: Any) -> None:
    allowed = REMOTE if section.startswith("remote ") else CORE if section == "core" else ()
    where = f"{file}, {section}.{key}" if section else f"{file}, {key}"
    if key not in allowed or not isinstance(value, str):
        what = "is not taken from a campaign"
        fix = "delete it there, and say it in your own settings with `dvc config --global`"
        raise CampaignError(what, where=where, fix=fix)
    refuse_no_place(key, value, where)
