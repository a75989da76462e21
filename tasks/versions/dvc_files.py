"""The files of a campaign in which DVC reads what there is: only those that labelloop writes.

DVC would read every ``dvc.yaml`` and ``*.dvc`` of a work tree, and they may name programs, folders
outside, repositories and servers. So it is given these files alone, after they were read here.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tasks import campaign as at
from tasks.domain import strict_yaml
from tasks.domain.errors import DataError

LARGEST = 1 << 20
"""Bytes of a file that DVC is given."""
LOCK = "dvc.lock"
STAGE = frozenset({"cmd", "deps", "params", "outs", "metrics"})
OUT = {"md5": str, "size": int, "nfiles": int, "hash": str, "path": str}
SECTION = re.compile(r"[a-z_]+(\.[a-z_]+)*")
ADDRESS = re.compile(r"[0-9a-f]{32}(\.dir)?")
FIX = "restore it as labelloop wrote it"


def checked(root: Path) -> list[str]:
    """Name the files that DVC may read, after they were looked at.

    Raises
    ------
    DataError
        One of them says what labelloop never writes there.
    """
    found = [at.PIPELINE] if (root / at.PIPELINE).exists() else []
    if found:
        _refuse_pipeline(root)
    if (root / LOCK).exists():
        _read(root, LOCK)
    brought = list(tracked(root))
    for name in brought:
        out_of(root, name)
    return found + brought


def tracked(root: Path) -> Iterator[str]:
    """Name the .dvc files of what no stage made."""
    for folder in ("data", at.ADDED, at.IMPORTED):
        for path in sorted((root / folder).glob("*.dvc")):
            name = str(path.relative_to(root))
            if at.BROUGHT.fullmatch(name.removesuffix(".dvc")) or name == f"{at.SOURCE}.dvc":
                yield name


def out_of(root: Path, name: str) -> Mapping[str, Any]:
    """Read the one file or folder that a .dvc file stands for.

    Returns
    -------
    mapping
        ``md5`` is its address, ``path`` its name beside the .dvc file.

    Raises
    ------
    DataError
        It stands for anything else.
    """
    said = _read(root, name)
    outs = said.get("outs")
    if said.keys() != {"outs"} or not isinstance(outs, list) or len(outs) != 1:
        raise DataError("must have one `outs` and nothing else", where=name, fix=FIX)
    out = outs[0] if isinstance(outs[0], dict) else {}
    for key, value in out.items():
        if key not in OUT or type(value) is not OUT[key]:
            raise DataError("is not what labelloop writes", where=f"{name}, {key}", fix=FIX)
    if out.get("path") != Path(name).stem:
        raise DataError("must name the file beside it", where=f"{name}, path", fix=FIX)
    if out.get("hash", "md5") != "md5" or not ADDRESS.fullmatch(out.get("md5", "")):
        raise DataError("must be an MD5", where=f"{name}, md5", fix=FIX)
    return out


def _refuse_pipeline(root: Path) -> None:
    said = _read(root, at.PIPELINE)
    stages = said.get("stages")
    if said.keys() != {"stages"} or not isinstance(stages, dict):
        raise DataError("must have `stages` and nothing else", where=at.PIPELINE, fix=FIX)
    for name, stage in stages.items():
        where = f"{at.PIPELINE}, stage {str(name)[:80]!r}"
        if not isinstance(stage, dict) or not SECTION.fullmatch(str(name)):
            raise DataError("is no stage", where=where, fix=FIX)
        if foreign := [key for key in stage if key not in STAGE]:
            what = f"has {str(foreign[0])[:80]!r}, which labelloop does not write"
            raise DataError(what, where=where, fix=FIX)
        if stage.get("cmd") != f"python -m tasks {name}":
            raise DataError("has another command than its own", where=where, fix=FIX)
        _refuse_names(stage, where)


def _refuse_names(stage: Mapping[str, Any], where: str) -> None:
    for key in ("deps", "outs", "metrics", "params"):
        listed = stage.get(key, [])
        for one in listed if isinstance(listed, list) else [None]:
            name = _name(one) if key == "outs" else one
            is_known = isinstance(name, str) and (
                SECTION.fullmatch(name) if key == "params" else at.is_named(name)
            )
            if not is_known:
                what = f"has {str(one)[:80]!r} under {key}, which no stage of labelloop declares"
                raise DataError(what, where=where, fix=FIX)


def _name(out: Any) -> Any:
    """Give an output's name, also of one that DVC is told not to delete."""
    if isinstance(out, dict) and len(out) == 1:
        ((name, options),) = out.items()
        return name if options == {"persist": True} else None
    return out


def _read(root: Path, name: str) -> dict[str, Any]:
    path = root / name
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            raise DataError("is a link or too large", where=name, fix=FIX)
        said = strict_yaml.parse(path.read_text(encoding="utf-8"), LARGEST)
    except strict_yaml.StrictYamlError as error:
        raise DataError(str(error), where=name, fix=FIX) from None
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        raise DataError("cannot be read as YAML", where=name, fix=FIX) from None
    if not isinstance(said, dict):
        raise DataError("must have keys with values", where=name, fix=FIX)
    return said
