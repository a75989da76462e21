"""What of a repository is refused before anything else is read of it.

A clone brings files. A folder that came as an archive brings git's settings too, and some of them
name programs. None of that is taken on trust.
"""

import os
import re
from functools import lru_cache
from pathlib import Path

from tasks.domain.errors import CampaignError
from tasks.trust import git

HARMLESS = re.compile(
    r"""
    core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|symlinks|eol
        |precomposeunicode|protecthfs|protectntfs|autocrlf|safecrlf|quotepath|compression
        |sparsecheckout|sparsecheckoutcone|untrackedcache|preloadindex|commitgraph)
    | extensions\.objectformat
    | user\.(name|email|signingkey)
    | (remote|branch)\..*\.(url|pushurl|fetch|push|tagopt|prune|remote|pushremote|merge|rebase
        |description|vscode-merge-base)
    | (pull|push|fetch|init|merge|rebase)\.(rebase|ff|default|autosetupremote|followtags|prune
        |prunetags|defaultbranch|autostash)
    | (commit|tag)\.gpgsign
    | gc\.(auto|autodetach|autopacklimit|pruneexpire|reflogexpire|reflogexpireunreachable)
    | maintenance\.auto
    | (pack|index|feature)\.[a-z]+
    | submodule\.active
    | lfs\.repositoryformatversion
    """,
    re.VERBOSE,
)
"""Settings that a stranger's repository may have: they name no program and no file to include."""
ADDRESSES = re.compile(r"(remote|branch)\..*\.(url|pushurl|remote|pushremote)")
ADDRESS = re.compile(r"(https?|ssh|git|file)://[^-].*|(?!-)(?!.*(::|://)).*", re.DOTALL)
"""An address of a scheme that git itself speaks, a folder, or ``host:path``."""


def refuse_settings(root: Path) -> None:
    """Refuse a repository whose own settings could make git start a program.

    Raises
    ------
    CampaignError
        Names the first such setting.
    """
    for key, value in _settings(root, _seen(root / ".git" / "config")):
        fix = "delete it there, or run `labelloop trust` if the campaign is your own"
        if not HARMLESS.fullmatch(key):
            what = f"sets {key!r}, and what that may start is nobody's but yours to say"
            raise CampaignError(what, where=".git/config", fix=fix)
        if ADDRESSES.fullmatch(key) and not ADDRESS.fullmatch(value):
            what = f"sets {key!r} to {value[:80]!r}, which is no address of a git server or folder"
            raise CampaignError(what, where=".git/config", fix=fix)


def refuse_tracked(root: Path, name: str) -> None:
    """Refuse a repository that brings a file or folder which belongs to this machine.

    Raises
    ------
    CampaignError
        git tracks it, or something beneath it.
    """
    if tracked(root, name):
        what = "belongs to this machine, and git brought it along"
        fix = f"take it out with `git rm -r --cached {name}` and delete it"
        raise CampaignError(what, where=name, fix=fix)


def tracked(root: Path, name: str) -> bool:
    """Whether git tracks a file, or anything beneath a folder, in whatever case."""
    return _tracked(root, name, _seen(root / ".git" / "index"))


Seen = tuple[int, int, int] | object


def _seen(path: Path) -> Seen:
    """Give what changes when a file does; something that is never the same if that is unknown."""
    try:
        found = os.lstat(path)
    except OSError:
        return object()
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=64)
def _settings(root: Path, seen: Seen) -> tuple[tuple[str, str], ...]:
    listed = git.call(root, "config", "--local", "--no-includes", "--list", "-z")
    lines = [line for line in listed.decode(errors="replace").split("\0") if line]
    return tuple((key, value) for key, _, value in (line.partition("\n") for line in lines))


@lru_cache(maxsize=64)
def _tracked(root: Path, name: str, seen: Seen) -> bool:
    return bool(git.call(root, "ls-files", "-z", "--", f":(top,icase,literal){name}"))
