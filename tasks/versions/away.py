"""DVC's default remote, for reading bytes by their address; nothing else of DVC is opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.domain.errors import CampaignError
from tasks.trust import machine
from tasks.versions import dvc_config, remote_needs

FILES = ("files", "md5")
"""Where DVC keeps bytes, in a remote as in its cache."""


@dataclass(frozen=True)
class Away:
    """The default remote.

    Attributes
    ----------
    place : str
        The folder or prefix that holds the bytes.
    """

    filesystem: Any
    place: str

    def has(self, md5: str) -> bool:
        """Whether there are bytes under an address."""
        return bool(self.filesystem.exists(self._path(md5)))

    def read(self, md5: str) -> bytes:
        """Read the bytes under an address, unchecked."""
        content: bytes = self.filesystem.cat_file(self._path(md5))
        return content

    def _path(self, md5: str) -> str:
        path: str = self.filesystem.join(self.place, md5[:2], md5[2:])
        return path


def cache(root: Path) -> Path:
    """Say where DVC's cache has its bytes: in the campaign, unless the user's settings differ."""
    folder = dvc_config.load(root)["cache"].get("dir") or root / dvc_config.FOLDER / "cache"
    return Path(folder).joinpath(*FILES)


@contextmanager
def reached(root: Path) -> Iterator[Away | None]:
    """Connect to the default remote; None if none is set.

    Raises
    ------
    CampaignError
        The clone says of it what it may not, or it cannot be reached.
    UntrustedError
        The user has not confirmed it.
    """
    remote_needs.require(root)
    remote = dvc_config.default_remote(root)
    if remote is None:
        yield None
        return
    with translated(root):
        from dvc.fs import get_cloud_fs

        cls, settings, place = get_cloud_fs(dvc_config.load(root), name=remote.name)
        filesystem = cls(**settings)
        yield Away(filesystem, filesystem.join(place, *FILES))


@contextmanager
def translated(root: Path) -> Iterator[None]:
    """Turn whatever goes wrong in DVC into a `CampaignError`."""
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    # DVC keeps databases that can hold programs, and would in a folder that all users may write to.
    os.environ.setdefault("DVC_SITE_CACHE_DIR", str(machine.private(machine.state() / "dvc")))
    from dvc.exceptions import DvcException
    from dvc_objects.fs.errors import RemoteMissingDepsError

    try:
        yield
    except (DvcException, RemoteMissingDepsError, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise CampaignError(f"DVC: {first}", where=str(root)) from error
