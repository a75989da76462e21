"""Campaigns of strangers: clones, and ledgers that were written anew from end to end."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks import campaign as at
from tasks.domain.entries import GENESIS
from tasks.domain.files import canonical_json
from tasks.versions import git

Said = dict[str, Any]


def clone(source: Path, folder: Path, *, cache: bool = True) -> Path:
    """Clone a campaign as a stranger's, with DVC's cache beside it or without."""
    root = folder / "clone"
    git.run(folder, "clone", "--quiet", str(source), str(root))
    if cache:
        shutil.copytree(source / ".dvc" / "cache", root / ".dvc" / "cache")
    return root


def rewrite(root: Path, change: Callable[[Said], None]) -> None:
    """Change entries of the ledger, chain them anew, and move all tags to that."""
    before = GENESIS
    for path in sorted((root / at.LEDGER).iterdir()):
        said = json.loads(path.read_bytes())
        change(said)
        content = (canonical_json({**said, "prev": before}) + "\n").encode()
        path.write_bytes(content)
        before = hashlib.sha256(content).hexdigest()
    git.commit(root, "Write the ledger anew", [at.LEDGER])
    for tag in git.tags(root):
        git.run(root, "tag", "--force", tag, "HEAD")


def of_stage(said: Said, number: int, name: str) -> bool:
    """Whether an entry is that of a stage of a round."""
    is_stage = (said["kind"], said["round"]) == ("stage", number)
    return is_stage and said["body"]["stage"] == name


def script(folder: Path, name: str = "ran") -> tuple[Path, Path]:
    """Give a program that does nothing but leave a mark, and the mark."""
    mark, program = folder / f"{name}.mark", folder / f"{name}.sh"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    return program, mark
