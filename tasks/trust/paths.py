"""Paths that a campaign names, and whether they stay inside it."""

from pathlib import Path

from tasks.domain.errors import UntrustedError

CLOSED = (".git", ".dvc")
"""Folders of a campaign that other programs take orders from."""


def resolved(root: Path, path: str) -> Path:
    """Give the real path of what a campaign names, links followed."""
    return (root / Path(path).expanduser()).resolve()


def is_inside(root: Path, path: str) -> bool:
    """Whether a path stays inside a campaign, links followed.

    Raises
    ------
    UntrustedError
        It leads into a folder that other programs take orders from.
    """
    real, home = resolved(root, path), root.resolve()
    if not real.is_relative_to(home):
        return False
    parts = real.relative_to(home).parts
    if parts and parts[0] in CLOSED:
        fix = "name another folder"
        raise UntrustedError(f"lies in {parts[0]}, which is not for it", where=path, fix=fix)
    return True
