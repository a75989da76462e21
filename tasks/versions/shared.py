"""A campaign that lives in remotes, so that any machine can carry it on from an empty disk.

The ledger, in a bucket, says what is done; git's remote has what people decided and a commit for
each closed round; DVC's remote has the bytes of every stage, also of the round that is open. A
machine brings what it needs, works, and leaves what it made before the ledger says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import crash, digests, state
from tasks.domain.digests import Digest
from tasks.domain.entries import Entry
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.ports import Ledger
from tasks.versions import data, git, given, opening, remotes
from tasks.versions.store import Store

GIVEN = (at.SOURCE, at.ADDED, at.IMPORTED)
"""What no stage makes."""


@dataclass(frozen=True)
class Shared:
    """What `tasks.versions.keeping.Keeping` is for a campaign in remotes."""

    campaign: Campaign
    ledger: Ledger

    def bring(self) -> None:
        """Bring git's remote here, and lay out the round that the ledger has open.

        Raises
        ------
        CampaignError
            The remote cannot be reached, or has commits that those of a person here contradict.
        """
        remotes.bring(self.campaign.root)
        entries = self.ledger.entries()
        opened = state.opened(entries)
        if opened is None:
            return
        record = pretty_json(opening.record_of(opened.body))
        if self.campaign.path(at.ROUND).read_text(encoding="utf-8") != record:
            write_atomic(self.campaign.path(at.ROUND), record)

    def need(self, names: Iterable[str]) -> None:
        """Bring files that stages of the open round wrote, and the pool's source.

        Raises
        ------
        CampaignError
            A file is neither in DVC's cache nor its remote.
        DataError
            What is there is not what the ledger knows.
        """
        for name in names:
            if name.startswith(GIVEN):
                given.bring(self.campaign.root)
            elif name in self._made and not self._is_here(name, self._made[name]):
                self.restore(name, self._made[name])

    def is_elsewhere(self, entry: Entry) -> bool:
        """Whether a stage is done and a file that it wrote is not here."""
        written = entry.body["outputs"]
        return not all(self._is_here(name, Digest(**body)) for name, body in written.items())

    def leave(self, files: Mapping[str, Any]) -> None:
        """Push files to DVC's remote by their address."""
        kept = {name: Digest(**body) for name, body in files.items() if self._is_kept(name)}
        store = Store(self.campaign.root)
        for name, digest in kept.items():
            store.keep(digest.md5, self.campaign.path(name).read_bytes())
        with crash.guarded("leave"):
            data.push(self.campaign.root, {digest.md5 for digest in kept.values()})

    def lay_out(self, round_number: int) -> None:
        """Bring all that the snapshot of a round sealed, also to a machine that did not make it."""
        sealed = state.last(self.ledger.entries(), "snapshot", round_number)
        for name, body in (sealed.body["files"] if sealed else {}).items():
            digest = Digest(**body)
            if self._is_kept(name) and not self._is_here(name, digest):
                self.restore(name, digest)
        opened = state.last(self.ledger.entries(), "round_opened", round_number)
        if opened:
            record = pretty_json(opening.record_of(opened.body))
            write_atomic(self.campaign.path(at.ROUND), record)
        given.bring(self.campaign.root)
        data.commit(self.campaign.root)

    def identity(self, entry: Entry) -> dict[str, str]:
        """Let every machine make the same commit."""
        return git.identity(entry.at)

    def publish(self, tag: str) -> None:
        """Push the branch and a tag; another machine that was first made the same commit."""
        remotes.push(self.campaign.root, tag)

    def commit(self, message: str, paths: Iterable[str]) -> None:
        """Commit as labelloop, so that `bring` may undo it where another machine was faster."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        git.commit(self.campaign.root, message, paths, git.identity(now))

    def share(self) -> None:
        """Push the data that no stage makes, then the branch."""
        data.push(self.campaign.root, [])
        remotes.push(self.campaign.root)

    def restore(self, name: str, digest: Digest) -> None:
        """Write a file as the ledger knows it."""
        content = Store(self.campaign.root).read(name, digest)
        write_atomic(self.campaign.path(name), content)

    @cached_property
    def _made(self) -> dict[str, Digest]:
        """Give what the stages of the open round wrote, or else those of the last."""
        found: dict[str, Digest] = {}
        entries = self.ledger.entries()
        newest = state.last(entries, "stage")
        for entry in state.of_kind(entries, "stage", newest.round if newest else 0):
            found |= {name: Digest(**body) for name, body in entry.body["outputs"].items()}
        return found

    def _is_here(self, name: str, digest: Digest) -> bool:
        path = self.campaign.path(name)
        return path.exists() and digests.of_file(path) == digest

    def _is_kept(self, name: str) -> bool:
        return name.startswith(at.KEPT_BY_DVC)
