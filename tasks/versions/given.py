"""What no stage makes, brought from DVC's remote: the pool's source, and what came in after it."""

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tasks import campaign as at
from tasks.domain import strict_json
from tasks.domain.errors import DataError
from tasks.domain.files import write_atomic
from tasks.versions import dvc_files
from tasks.versions.store import ADDRESS, Store

AT_ONCE = 16
"""Files that are asked for at the same time."""


def bring(root: Path) -> None:
    """Bring every file and folder that a .dvc file stands for and that is not here.

    Raises
    ------
    CampaignError
        Some bytes are neither in DVC's cache nor its remote.
    DataError
        What is there is not what the .dvc file stands for, or leads out of its folder.
    """
    for name in dvc_files.tracked(root):
        target = root / name.removesuffix(".dvc")
        if not target.exists():
            _bring(Store(root), str(dvc_files.out_of(root, name)["md5"]), target, name)


def _bring(store: Store, md5: str, target: Path, name: str) -> None:
    content = _fetched(store, md5, name)
    if not md5.endswith(".dir"):
        write_atomic(target, content)
        return
    # A folder appears whole: one that is cut short would be taken for all there is.
    beside = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    files = _listed(content, name)

    def lay(path: str) -> None:
        write_atomic(beside / path, _fetched(store, files[path], f"{name}, {path}"))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lay, files))
    beside.rename(target)


def _listed(content: bytes, name: str) -> dict[str, str]:
    """Read a folder's list of files as DVC writes it: addresses by path."""
    try:
        files = {file["relpath"]: file["md5"] for file in strict_json.parse(content)}
    except (ValueError, TypeError, LookupError, RecursionError):
        raise DataError("has a list of files that cannot be read", where=name) from None
    for path, md5 in files.items():
        is_inside = isinstance(path, str) and at.BROUGHT.fullmatch(f"{at.SOURCE}/{path}")
        if not is_inside or not isinstance(md5, str) or not ADDRESS.fullmatch(md5):
            what = f"lists {str(path)[:80]!r}, which is no file of that folder"
            raise DataError(what, where=name)
    return files


def _fetched(store: Store, md5: str, where: str) -> bytes:
    content = store.fetch(md5)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5.removesuffix(".dir"):
        raise DataError("is not what DVC's address stands for", where=where)
    store.keep(md5, content)
    return content
