"""A file becomes part of a campaign: its bytes by DVC, its place by git, its digest by the ledger.

Only the last of these makes it count. So whoever is killed before has taken nothing in, and may
begin again with the same file, which goes to the same place.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasks import snapshot
from tasks.domain import crash, digests, intake, state
from tasks.domain.errors import CampaignError
from tasks.domain.files import sync_folder
from tasks.versions import data
from tasks.work import Work, name_campaign

Facts = dict[str, Any]
ATTEMPTS = 5
"""How often commits of other machines may come before ours."""


def take_in(
    work: Work, name: str, write: Callable[[Path], Any], kind: str, body: Mapping[str, Any]
) -> Facts:
    """Put a file or a folder into a campaign; doing it twice is doing it once.

    Parameters
    ----------
    work : Work
        Under the campaign's lock.
    name : str
        Where, relative to the campaign; made of the content's digest.
    write : callable
        Writes it to a path.
    kind : str
        Of the ledger's entry, as `tasks.domain.intake` has them.
    body : mapping
        What the entry says beside ``path`` and ``files``.

    Returns
    -------
    dict
        The entry's body, and ``counts_from``, the round from which it counts.

    Raises
    ------
    CampaignError
        DVC or git refuse, or a remote cannot be reached; the campaign goes on without the file.
    """
    root = work.campaign.root
    _write_once(root / name, write)
    _version(work, name)
    there = digests.of_tree(root, name)
    files = {path: digest.to_body() for path, digest in there.items()}
    said = {**body, "path": name, "files": files}
    name_campaign(work)
    work.ledger.record(state.current_round(work.ledger.entries()), kind, said)
    return _finished(work, said)


def again(work: Work, name: str) -> Facts | None:
    """Give the facts of a file that was taken in already; None if it was not."""
    entry = intake.find(work.ledger.entries(), name)
    return None if entry is None else {**_finished(work, entry.body), "already": True}


def _finished(work: Work, said: Mapping[str, Any]) -> Facts:
    if work.params.storage.ledger is None:
        snapshot.save_ledger(work.campaign)
    entries = work.ledger.entries()
    first = intake.first_round(entries, next(iter(said["files"])))
    counts_from = intake.next_round(entries) if first is None else first
    return {**said, "already": False, "counts_from": counts_from}


def _write_once(target: Path, write: Callable[[Path], Any]) -> None:
    """Make a file or folder appear whole; what is there already is the same."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.tmp")
    if beside.is_dir():
        shutil.rmtree(beside)
    write(beside)
    for path in [beside, *beside.rglob("*")] if beside.is_dir() else [beside]:
        _sync(path)
    with crash.guarded(f"rename:{target.name}"):
        beside.rename(target)
        sync_folder(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _version(work: Work, name: str) -> None:
    """Give the bytes to DVC and their place to git, also at the remotes."""
    for attempt in range(ATTEMPTS):
        data.add(work.campaign.root, name)
        ignored = str(Path(name).parent / ".gitignore")
        work.keeping.commit(f"Take in {Path(name).name}", [f"{name}.dvc", ignored])
        try:
            return work.keeping.share()
        except CampaignError:
            if attempt == ATTEMPTS - 1:
                raise
            # Another machine's commit may have come first; ours is made anew after it.
            work.keeping.bring()
