"""Files and folders that lead out of a campaign, or are neither."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.domain.errors import CampaignError
from tasks.trust import repository


def refuse_special(root: Path, names: Iterable[str], *, is_own: bool) -> None:
    """Refuse a place that is a symbolic link, unless its owner has put it there.

    Raises
    ------
    CampaignError
        Names the first that is one, or is neither a file nor a folder.
    """
    for name in names:
        try:
            mode = os.lstat(root / name).st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not stat.S_ISLNK(mode):
            _refuse_unless_plain(name, is_plain=stat.S_ISREG(mode) or stat.S_ISDIR(mode))
        elif not is_own or repository.tracked(root, name):
            what = "is a symbolic link, which could lead anywhere"
            raise CampaignError(what, where=name, fix="put the file or folder itself there")


def refuse_leading_away(root: Path, folders: Iterable[str]) -> None:
    """Refuse links that lead out of a campaign, wherever they lie beneath some folders.

    Raises
    ------
    CampaignError
        Names the first, or what is neither a file nor a folder.
    """
    for folder in folders:
        for entry in _all_of(str(root / folder)):
            name = os.path.relpath(entry.path, root)
            if not entry.is_symlink():
                _refuse_unless_plain(name, is_plain=entry.is_file() or entry.is_dir())
            elif not Path(entry.path).resolve().is_relative_to(root):
                what = "is a symbolic link that leads out of the campaign"
                raise CampaignError(what, where=repr(name), fix="delete it")


def _refuse_unless_plain(name: str, *, is_plain: bool) -> None:
    if not is_plain:
        raise CampaignError("is neither a file nor a folder", where=repr(name), fix="delete it")


def _all_of(folder: str) -> "Iterator[os.DirEntry[str]]":
    if not Path(folder).is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _all_of(entry.path)
