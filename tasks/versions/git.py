"""The few git operations that a campaign needs."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tasks.domain import crash
from tasks.trust.git import call, says_yes

FALLBACK_IDENTITY = {"user.name": "labelloop", "user.email": "labelloop@localhost"}
DATA = "--end-of-options"
"""After it, git takes nothing for an option, whatever a ledger or a remote has made of a name."""


def run(root: Path, *arguments: str) -> str:
    """Run git in a repository; give what it printed.

    Raises
    ------
    CampaignError
        git said no; holds its first line.
    """
    return call(root, *arguments).decode(errors="surrogateescape")


def init(root: Path) -> None:
    """Make a repository, with an identity of its own if the user has none."""
    run(root, "init", "--quiet", "--initial-branch=main")
    for key, value in FALLBACK_IDENTITY.items():
        if not says_yes(root, "config", "--get", key):
            run(root, "config", key, value)


def commit(
    root: Path, message: str, paths: Iterable[str], environment: Mapping[str, str] | None = None
) -> bool:
    """Commit what has changed beneath `paths`; give whether anything had.

    What other paths hold in the index stays as it is. `environment` may say who commits, and when.
    """
    there = [path for path in paths if (root / path).exists()]
    run(root, "add", "--", *there)
    compared = ("--cached", "--quiet", "--no-ext-diff", "--no-textconv")
    if says_yes(root, "diff", *compared, "--", *there):
        return False
    with crash.guarded("git:commit"):
        command = ("commit", "--quiet", "--no-verify", "--message", message, "--", *there)
        call(root, *command, environment=environment)
    return True


def tag(root: Path, name: str, message: str, environment: Mapping[str, str] | None = None) -> None:
    """Tag the current commit; `environment` as of `commit`."""
    with crash.guarded(f"git:tag:{name}"):
        command = ("tag", "--annotate", "--message", message, DATA, name)
        call(root, *command, environment=environment)


def identity(at: str) -> dict[str, str]:
    """Give an environment in which any machine makes the same commit; `at` is when."""
    name, email = FALLBACK_IDENTITY["user.name"], FALLBACK_IDENTITY["user.email"]
    return {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", email), ("DATE", at))
    }


def tags(root: Path, *, merged: bool = False) -> frozenset[str]:
    """List the names of all tags, or of those that are a part of the history of HEAD."""
    of_head = ("--merged=HEAD",) if merged else ()
    listed = run(root, "for-each-ref", "--format=%(refname:strip=2)", *of_head, "refs/tags/")
    return frozenset(listed.splitlines())


def is_shallow(root: Path) -> bool:
    """Whether the repository was cloned without its whole history."""
    return run(root, "rev-parse", "--is-shallow-repository").strip() == "true"


def read(root: Path, tag: str, path: str) -> bytes:
    """Read a file as it was at a tag, or at HEAD."""
    return call(root, "cat-file", "blob", DATA, f"{_revision(tag)}:{path}")


def blobs(root: Path, tag: str, path: str = ".") -> dict[str, str]:
    """Give the addresses of the files beneath a path as they were at a tag, or at HEAD."""
    options = ("-r", "-z", DATA, _revision(tag), "--", path)
    lines = run(root, "ls-tree", *options).split("\0")
    parted = (line.split("\t", 1) for line in lines if line)
    return {name: mode.split()[2] for mode, name in parted}


def changed(root: Path) -> list[str]:
    """List paths that differ from the last commit, or are new and not ignored."""
    options = ("--porcelain", "-z", "--no-renames", "--untracked-files=all")
    found = run(root, "status", *options, "--ignore-submodules=all").split("\0")
    return [line[3:] for line in found if line]


def is_ignored(root: Path, path: str) -> bool:
    """Whether git would not take a new file for a part of the repository."""
    return says_yes(root, "check-ignore", "--quiet", "--", path)


def _revision(tag: str) -> str:
    """Name a tag in full: a branch of its name, or words that git understands, are not meant."""
    return tag if tag == "HEAD" else f"refs/tags/{tag}"
