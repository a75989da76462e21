"""Where a campaign's bytes and commits are: on this machine alone, or in remotes for any."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tasks.domain.entries import Entry
from tasks.versions import git


class Keeping(Protocol):
    """What an action asks for before it works, and leaves when it has."""

    def bring(self) -> None:
        """Bring what people and other machines have committed."""
        ...

    def need(self, names: Iterable[str]) -> None:
        """Bring files of the open round that other machines made and this one does not have."""
        ...

    def is_elsewhere(self, entry: Entry) -> bool:
        """Whether a stage is done, and what it read and wrote is only with other machines."""
        ...

    def leave(self, files: Mapping[str, Any]) -> None:
        """Make sure that other machines can bring some files, given by name and digest."""
        ...

    def lay_out(self, round_number: int) -> None:
        """Bring the work tree to what a closed round left, for its commit."""
        ...

    def identity(self, entry: Entry) -> Mapping[str, str] | None:
        """Say who commits what an entry says, and when; None for this machine's user, now."""
        ...

    def publish(self, tag: str) -> None:
        """Make commits and a tag known to others."""
        ...

    def commit(self, message: str, paths: Iterable[str]) -> None:
        """Commit files that came in between rounds."""
        ...

    def share(self) -> None:
        """Make the data and commits of what came in between rounds known to others."""
        ...


@dataclass(frozen=True)
class Alone:
    """A campaign that one machine runs: everything is here."""

    root: Path

    def bring(self) -> None:
        """Do nothing."""

    def need(self, names: Iterable[str]) -> None:
        """Do nothing: what is missing is to be restored by a person, and the stage says how."""

    def is_elsewhere(self, entry: Entry) -> bool:
        """Say no."""
        return False

    def leave(self, files: Mapping[str, Any]) -> None:
        """Do nothing."""

    def lay_out(self, round_number: int) -> None:
        """Do nothing."""

    def identity(self, entry: Entry) -> None:
        """Leave it to git's settings."""

    def publish(self, tag: str) -> None:
        """Do nothing."""

    def commit(self, message: str, paths: Iterable[str]) -> None:
        """Commit as this machine's user."""
        git.commit(self.root, message, paths)

    def share(self) -> None:
        """Do nothing: the DVC remote, if there is one, is told with the next round."""
