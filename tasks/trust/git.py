"""git, called in such a way that a repository cannot make it start a program.

What a repository's settings name to be run is switched off here for every call, where git lets a
caller do that; settings for which it does not are refused before (`tasks.trust.repository`).
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tasks.domain.errors import CampaignError

OFF = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "diff.external": "",
    "diff.ignoreSubmodules": "all",
    "fetch.recurseSubmodules": "false",
    "log.showSignature": "false",
    "protocol.ext.allow": "never",
    "protocol.fd.allow": "never",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
}
"""Settings that every call lays over all others."""
ANOTHERS = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""Variables that a git hook hands down, and that name another repository than the one we mean."""
FIXED = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
"""Variables for every call: bytes are those of their address, nobody is asked, English."""


def call(root: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> bytes:
    """Run git in a repository; give what it printed.

    Whoever passes on a name that is data puts ``--end-of-options`` or ``--`` before it.

    Raises
    ------
    CampaignError
        git said no; holds its first line.
    """
    done = _run(root, arguments, environment)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise CampaignError(f"git {arguments[0]} failed: {lines[0]}", where=str(root))
    return done.stdout


def says_yes(root: Path, *arguments: str) -> bool:
    """Run git in a repository; give whether it ended well."""
    return _run(root, arguments).returncode == 0


def _run(
    root: Path, arguments: tuple[str, ...], environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    settings = [part for name, value in OFF.items() for part in ("-c", f"{name}={value}")]
    command = ["git", "-C", str(root), *settings, *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, check=False, env=_environment(root, environment or {})
        )
    except FileNotFoundError:
        raise CampaignError("git is not installed", fix="install it") from None


def _environment(root: Path, told: Mapping[str, str]) -> dict[str, str]:
    users = {name: value for name, value in os.environ.items() if name not in ANOTHERS}
    # A folder without a repository of its own must not be taken for a part of one around it.
    ceiling = {"GIT_CEILING_DIRECTORIES": str(root.resolve().parent)}
    return {**users, **FIXED, **ceiling, **told}
