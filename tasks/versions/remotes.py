"""Git's remote, as the place where machines that run one campaign meet."""

from pathlib import Path

from tasks.domain import crash
from tasks.domain.errors import CampaignError
from tasks.versions import git

ORIGIN, BRANCH = "origin", "main"
UPSTREAM = f"{ORIGIN}/{BRANCH}"
OWN_AUTHOR = git.FALLBACK_IDENTITY["user.email"]
"""Who has committed what labelloop itself writes, in a campaign that machines share."""


def refuse_occupied(url: str) -> None:
    """Raise a `CampaignError` if a remote cannot be reached, or has commits already."""
    if git.run(Path("/"), "ls-remote", git.DATA, url).strip():
        fix = "name an empty repository, or clone the campaign that is there"
        raise CampaignError("has commits already", where=url, fix=fix)


def connect(root: Path, url: str) -> None:
    """Make a new campaign's first commit known to an empty remote."""
    git.run(root, "remote", "add", git.DATA, ORIGIN, url)
    git.run(root, "push", "--quiet", "--set-upstream", ORIGIN, BRANCH)


def bring(root: Path) -> None:
    """Fetch, and go on from what is there.

    Raises
    ------
    CampaignError
        It cannot be reached, or commits of a person here are not there.
    """
    git.run(root, "fetch", "--quiet", "--tags", ORIGIN)
    ahead, behind = _distance(root)
    if ahead and behind and _of_people(root):
        raise CampaignError(
            f"has {ahead} commits that {ORIGIN} has not, and lacks {behind}",
            where=str(root),
            fix="bring them together with `git pull --rebase`, then `git push`",
        )
    if behind:
        # What labelloop wrote here is there too, or is written anew from the ledger.
        git.run(root, "reset", "--quiet", "--hard", UPSTREAM)
    elif ahead:
        push(root)


def tags(root: Path) -> frozenset[str]:
    """List the tags that git's remote has; raises `CampaignError` if it cannot be reached."""
    lines = git.run(root, "ls-remote", "--tags", "--refs", ORIGIN).splitlines()
    return frozenset(line.split("refs/tags/", 1)[-1] for line in lines)


def push(root: Path, tag: str | None = None) -> None:
    """Make commits, and a tag, known to others; what others have made known stands.

    Raises
    ------
    CampaignError
        The remote cannot be reached or does not let us.
    """
    refs = [BRANCH, *([f"refs/tags/{tag}"] if tag else [])]
    with crash.guarded("git:push"):
        try:
            git.run(root, "push", "--quiet", ORIGIN, *refs)
        except CampaignError:
            git.run(root, "fetch", "--quiet", "--tags", "--force", ORIGIN)
            if not _is_known(root, tag):
                raise


def _is_known(root: Path, tag: str | None) -> bool:
    """Whether others have the tag that could not be pushed; then our commit is not needed."""
    if tag is None or tag not in tags(root):
        return False
    git.run(root, "reset", "--quiet", "--hard", UPSTREAM)
    return True


def _distance(root: Path) -> tuple[int, int]:
    counts = git.run(root, "rev-list", "--left-right", "--count", f"HEAD...{UPSTREAM}").split()
    return int(counts[0]), int(counts[1])


def _of_people(root: Path) -> bool:
    authors = git.run(root, "log", "--format=%ae", f"{UPSTREAM}..HEAD").split()
    return any(author != OWN_AUTHOR for author in authors)
