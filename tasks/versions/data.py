"""DVC, in this process: a command line for each call would cost half a second."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.domain import crash
from tasks.versions import away, dvc_config, dvc_files, remote_needs

if TYPE_CHECKING:
    from dvc.repo import Repo


def init(root: Path) -> None:
    """Make a DVC repository inside a git one, that tells nobody of its use."""
    with (
        away.translated(root),
        _repo_class().init(str(root)) as repo,
        repo.config.edit("repo") as config,
    ):
        config["core"] |= {"analytics": False, "check_update": False}


def add(root: Path, path: str) -> None:
    """Put a file or folder that no stage makes under version control."""
    if (root / f"{path}.dvc").exists():
        dvc_files.out_of(root, f"{path}.dvc")
    with crash.guarded(f"dvc:add:{path}"), opened(root) as repo:
        repo.add(str(root / path))


def commit(root: Path) -> None:
    """Take the outputs of all stages as they are on disk into the cache and dvc.lock.

    What `Repo.commit` does beside takes as long again: it keeps its own record of what ran, which
    the ledger has, and links files to the cache that the next round writes anew.
    """
    from dvc.repo import lock_repo

    with crash.guarded("dvc:commit"), opened(root) as repo, lock_repo(repo):
        by_file: dict[str, list[Any]] = {}
        for stage in _stages(repo, root):
            stage.save(run_cache=False)
            stage.commit(relink=False)
            by_file.setdefault(stage.path, []).append(stage)
        for stages in by_file.values():
            stages[0].dvcfile.dump_stages(stages, update_pipeline=False)


def add_remote(root: Path, url: str, endpoint: str | None = None) -> None:
    """Make `url` the default remote; `endpoint` is where S3 is spoken if not at AWS."""
    with opened(root) as repo, repo.config.edit("repo") as config:
        config["remote"]["storage"] = {"url": url}
        if endpoint:
            config["remote"]["storage"]["endpointurl"] = endpoint
        config["core"]["remote"] = "storage"


def has_remote(root: Path) -> bool:
    """Whether a default remote is set."""
    return dvc_config.default_remote(root) is not None


def reach_remote(root: Path) -> None:
    """Ask the default remote for something it need not have; raises if it does not answer."""
    with away.reached(root) as there:
        if there is not None:
            there.has("0" * 32)


def push(root: Path, md5s: Iterable[str]) -> None:
    """Copy what no stage makes, and the bytes under `md5s`, to the default remote.

    Past rounds are named by address and not by tag: a tag from before the remote was set knows
    nothing of it.
    """
    from dvc_data.hashfile.hash_info import HashInfo

    remote_needs.require(root)
    with crash.guarded("dvc:push"), opened(root) as repo:
        objects = {HashInfo("md5", md5) for md5 in md5s}
        for stage in _stages(repo, root):
            if stage.is_data_source:
                objects = objects.union(*stage.get_used_objs().values())
        repo.cloud.push(objects)


@contextmanager
def opened(root: Path) -> "Iterator[Repo]":
    """Open a repository whose settings are harmless.

    Raises
    ------
    CampaignError
        They are not, or something goes wrong in it.
    """
    dvc_config.refuse(root)
    with away.translated(root), _repo_class()(str(root)) as repo:
        # It would read every file of the work tree that DVC could be meant by.
        repo._skip_graph_checks = True
        yield repo


def _stages(repo: "Repo", root: Path) -> list[Any]:
    from dvc.dvcfile import load_file

    files = (load_file(repo, str(root / name)) for name in dvc_files.checked(root))
    return [stage for file in files for stage in file.stages.values()]


def _repo_class() -> "type[Repo]":
    from dvc.repo import Repo

    # DVC sets its own level when it is imported, speaks of every file that it writes, and draws
    # progress bars over the caller's lines unless its loggers are quiet.
    for name in ("dvc", "dvc_data", "dvc_objects"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    found: type[Repo] = Repo
    return found
