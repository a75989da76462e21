"""The few git operations that a campaign needs."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tasks.domain import crash
from tasks.domain.errors import CampaignError

FALLBACK_IDENTITY = {"user.name": "labelloop", "user.email": "labelloop@localhost"}


def run(root: Path, *arguments: str) -> str:
    """Run git in a repository; give what it printed.

    Raises
    ------
    CampaignError
        git said no; holds its first line.
    """
    return _call(root, *arguments).decode()


def init(root: Path) -> None:
    """Make a repository, with an identity of its own if the user has none."""
    run(root, "init", "--quiet", "--initial-branch=main")
    for key, value in FALLBACK_IDENTITY.items():
        if not _has(root, "config", "--get", key):
            run(root, "config", key, value)


def commit(
    root: Path, message: str, paths: Iterable[str], environment: Mapping[str, str] | None = None
) -> bool:
    """Commit what has changed beneath `paths`; give whether anything had.

    What other paths hold in the index stays as it is. `environment` may say who commits, and when.
    """
    there = [path for path in paths if (root / path).exists()]
    run(root, "add", "--", *there)
    if _has(root, "diff", "--cached", "--quiet", "--", *there):
        return False
    with crash.guarded("git:commit"):
        command = ("commit", "--quiet", "--no-verify", "--message", message, "--", *there)
        _call(root, *command, environment=environment)
    return True


def tag(root: Path, name: str, message: str, environment: Mapping[str, str] | None = None) -> None:
    """Tag the current commit; `environment` as of `commit`."""
    with crash.guarded(f"git:tag:{name}"):
        command = ("tag", "--annotate", "--message", message, name)
        _call(root, *command, environment=environment)


def identity(at: str) -> dict[str, str]:
    """Give an environment in which any machine makes the same commit; `at` is when."""
    name, email = FALLBACK_IDENTITY["user.name"], FALLBACK_IDENTITY["user.email"]
    return {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", email), ("DATE", at))
    }


def tags(root: Path) -> frozenset[str]:
    """List the names of all tags."""
    return frozenset(run(root, "tag", "--list").split())


def is_shallow(root: Path) -> bool:
    """Whether the repository was cloned without its whole history."""
    return run(root, "rev-parse", "--is-shallow-repository").strip() == "true"


def read(root: Path, revision: str, path: str) -> bytes:
    """Read a file as it was at a revision."""
    return _call(root, "show", f"{revision}:{path}")


def files(root: Path, revision: str, folder: str) -> list[str]:
    """List the files beneath a folder as they were at a revision."""
    return run(root, "ls-tree", "-r", "--name-only", revision, "--", folder).splitlines()


def changed(root: Path) -> list[str]:
    """List paths that differ from the last commit, or are new and not ignored."""
    lines = run(root, "status", "--porcelain", "--untracked-files=all").splitlines()
    return [line[3:].split(" -> ")[-1].strip('"') for line in lines]


def is_ignored(root: Path, path: str) -> bool:
    """Whether git would not take a new file for a part of the repository."""
    return _has(root, "check-ignore", "--quiet", "--", path)


def _has(root: Path, *arguments: str) -> bool:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    return done.returncode == 0


def _call(root: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> bytes:
    fixed = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    all_of_it = {**os.environ, **fixed, **(environment or {})}
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=all_of_it)
    except FileNotFoundError:
        raise CampaignError("git is not installed", fix="install it") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise CampaignError(f"git {arguments[0]} failed: {lines[0]}", where=str(root))
    return done.stdout
