"""Where an export goes: refused before any work is done, and written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tasks.domain import crash
from tasks.domain.errors import CampaignError, ParamsError
from tasks.domain.files import sync_folder
from tasks.versions import git


def refuse(path: Path, endings: Sequence[str], root: Path, *, force: bool) -> None:
    """Refuse a place that nothing can, or should, be written to.

    Parameters
    ----------
    path : Path
    endings : sequence of str
        Those that the file may have.
    root : Path
        The campaign's directory. A new file there that git does not ignore would be taken for a
        change that is not committed, and stop the next run.
    force : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    ParamsError
        Another ending.
    CampaignError
        It is there already, its folder is not, it would be a file of the campaign, or it is a
        symbolic link, or reached by one that is in the campaign.
    """
    where = str(path)
    _refuse_links(path, root)
    if path.suffix not in endings:
        fix = f"give it one of {', '.join(endings)}"
        raise ParamsError(f"ends in {path.suffix or 'nothing'!r}", where=where, fix=fix)
    if path.is_dir():
        raise CampaignError("is a folder", where=where, fix="name a file")
    if path.exists() and not force:
        raise CampaignError("is there already", where=where, fix="name another, or add --force")
    whole = path.resolve()
    inside = whole.is_relative_to(root)
    if inside and not git.is_ignored(root, str(whole.relative_to(root))):
        fix = f"write it to {root / 'exports'}, which git ignores, or elsewhere"
        raise CampaignError("would be a file of the campaign", where=where, fix=fix)
    if inside and whole.parent == root / "exports":
        return
    if not path.parent.is_dir():
        raise CampaignError("is no folder", where=str(path.parent), fix="make it first")


def _refuse_links(path: Path, root: Path) -> None:
    """Refuse links: who made the campaign could lead what is written to anywhere."""
    whole = path.absolute()
    for part in (whole, *whole.parents):
        inside = part.parent.resolve().is_relative_to(root)
        if part.is_symlink() and (part == whole or inside):
            raise CampaignError("is a symbolic link", where=str(part), fix="name another place")


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that appears, or replaces the one that is there, when all of it is on disk."""
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        with crash.guarded(f"rename:{path.name}"):
            beside.replace(path)
            sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)
