"""Do past rounds again, elsewhere, from git and DVC alone, and compare every byte."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks import campaign as at
from tasks import pipeline
from tasks.audit import differences
from tasks.audit.rounds import Rounds, outputs
from tasks.campaign import Campaign
from tasks.domain import digests, environment
from tasks.domain.digests import Digest
from tasks.domain.entries import Entry, tag_of
from tasks.domain.errors import (
    CampaignError,
    DataError,
    LabelloopError,
    LedgerError,
    UntrustedError,
)
from tasks.ledger.local import LocalLedger
from tasks.versions import git
from tasks.versions.store import Store

UNCHANGED = "neither code, packages, data nor the way sums are made changed"


@dataclass(frozen=True)
class StageReplay:
    """One stage, done again on the inputs that it was recorded with.

    Attributes
    ----------
    recorded, replayed : str
        One SHA-256 over all its outputs, then and now; the latter is empty if it failed.
    why : str
        What has changed since, as far as the ledger tells; empty if equal.
    differing : tuple of str
        The first differences.
    """

    stage: str
    recorded: str
    replayed: str
    why: str = ""
    differing: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether every output has the same bytes."""
        return self.recorded == self.replayed

    def to_json(self) -> dict[str, Any]:
        """Give it as `labelloop replay --json` prints it."""
        names = ("stage", "recorded", "replayed", "equal")
        more = () if self.equal else ("why", "differing")
        return {name: getattr(self, name) for name in (*names, *more)}


@dataclass(frozen=True)
class RoundReplay:
    """One round, stage by stage."""

    round: int
    stages: tuple[StageReplay, ...]

    @property
    def equal(self) -> bool:
        """Whether every stage is."""
        return all(stage.equal for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        """Give it as `labelloop replay --json` prints it."""
        stages = [stage.to_json() for stage in self.stages]
        return {"round": self.round, "equal": self.equal, "stages": stages}


@dataclass(frozen=True)
class Replay:
    """Several rounds."""

    rounds: tuple[RoundReplay, ...]

    @property
    def equal(self) -> bool:
        """Whether every round is."""
        return all(one.equal for one in self.rounds)

    def to_json(self) -> dict[str, Any]:
        """Give it as `labelloop replay --json` prints it."""
        return {"equal": self.equal, "rounds": [one.to_json() for one in self.rounds]}


def replay(
    source: Path,
    rounds: Sequence[int] | None = None,
    watch: Callable[[RoundReplay], None] | None = None,
) -> Replay:
    """Do rounds again in a temporary folder; nothing at `source` is written.

    Parameters
    ----------
    source : Path
        A campaign, or a clone of one: git and DVC's cache or remote are all that is read.
    rounds : sequence of int or None
        Closed rounds; None for all.
    watch : callable or None
        Told of each round when it is done.

    Raises
    ------
    CampaignError
        Bytes that a stage read or wrote are neither in DVC's cache nor its remote.
    LedgerError
        The ledger is damaged.
    """
    campaign = at.find(source)
    entries = LocalLedger(campaign.path(at.LEDGER)).entries()
    past = Rounds(campaign, entries, Store(campaign.root))
    done = []
    with tempfile.TemporaryDirectory(prefix="labelloop-replay-") as folder:
        bench = Bench(past, Path(folder))
        for number in past.closed if rounds is None else rounds:
            one = RoundReplay(number, tuple(bench.stages(number)))
            done.append(one)
            if watch:
                watch(one)
    return Replay(tuple(done))


@dataclass(frozen=True)
class Bench:
    """Where stages are done again: each in a folder of its own that holds its inputs only."""

    past: Rounds
    folder: Path

    def stages(self, number: int) -> Iterator[StageReplay]:
        """Do a round's stages again, in order, each on its recorded inputs."""
        recorded = {entry.body["stage"]: entry for entry in self.past.stages(number)}
        for name in pipeline.NAMES:
            if name in recorded:
                yield self._stage(number, recorded[name])

    def _stage(self, number: int, entry: Entry) -> StageReplay:
        name = entry.body["stage"]
        expected = {path: Digest(**body) for path, body in outputs(entry).items()}
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{number:04d}-{name}-") as at_:
            root, failure = Path(at_), ""
            try:
                self._lay(number, entry, root)
                _run(entry, Campaign(root), own=self.past.campaign.is_own)
            except (CampaignError, UntrustedError):
                raise
            except LabelloopError as error:
                failure = str(error)
            found = {
                path: digests.of_file(root / path) for path in expected if (root / path).exists()
            }
            return self._compared(number, entry, root, expected, found, failure)

    def _lay(self, number: int, entry: Entry, root: Path) -> None:
        """Put a stage's recorded inputs where it will read them, and params.yaml."""
        _refuse_undeclared(entry)
        sealed = (self.past.body(number, "snapshot") or {"files": {}})["files"]
        if at.PARAMS not in sealed:
            raise LedgerError(f"is not in the snapshot of round {number}", where=at.PARAMS)
        wanted = {**entry.body["inputs"], at.PARAMS: sealed[at.PARAMS]}
        if entry.body["stage"] == "open":
            # It takes the snapshot before from disk if it is there, and would ask DVC else.
            opened = (self.past.body(number, "round_opened") or {}).get("base", {})
            wanted |= {path: of for path, of in opened.items() if path.startswith("snapshot/")}
        for path, body in wanted.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            # Stages replace files and never write into them, so that a link is as good as a copy.
            os.link(self._original(number, path, Digest(**body)), target)

    def _original(self, number: int, path: str, digest: Digest) -> Path:
        """Fetch bytes once for all rounds and stages."""
        kept = self.folder / digest.sha256
        if not kept.exists():
            kept.write_bytes(self._fetch(number, path, digest))
        return kept

    def _fetch(self, number: int, path: str, digest: Digest) -> bytes:
        if path.startswith(at.KEPT_BY_DVC):
            content = self.past.store.fetch(digest.md5)
        else:
            content = git.read(self.past.campaign.root, tag_of(number), path)
        if digests.of_bytes(content).sha256 != digest.sha256:
            raise DataError("data changed: it is not what the ledger knows", where=path)
        return content

    def _compared(
        self,
        number: int,
        entry: Entry,
        root: Path,
        expected: Mapping[str, Digest],
        found: Mapping[str, Digest],
        failure: str,
    ) -> StageReplay:
        recorded, replayed = digests.of_many(expected), digests.of_many(found)
        name = entry.body["stage"]
        if failure:
            return StageReplay(name, recorded, "", "; ".join([failure, *_changes(entry)]))
        if recorded == replayed:
            return StageReplay(name, recorded, replayed)
        lines: list[str] = []
        for path, digest in expected.items():
            if found.get(path) != digest and len(lines) < differences.SHOWN:
                now = (root / path).read_bytes() if path in found else b""
                lines += differences.first(path, self._fetch(number, path, digest), now)
        why = "; ".join(_changes(entry)) or UNCHANGED
        return StageReplay(name, recorded, replayed, why, tuple(lines))


def _run(entry: Entry, campaign: Campaign, *, own: bool) -> None:
    name, params = entry.body["stage"], campaign.params()
    inputs = {path: Digest(**body) for path, body in entry.body["inputs"].items()}
    options = pipeline.expected(pipeline.stage(name, params), inputs)
    # A model that is taken over from the round before would prove nothing.
    options |= {"reuse": False} if name == "train" else {}
    pipeline.compute(name, campaign, params, own=own, **options)


def _refuse_undeclared(entry: Entry) -> None:
    """Refuse a stage that read or wrote what it does not declare; raises a `LedgerError`."""
    declared = pipeline.module(entry.body["stage"]).STAGE
    brought = (at.SOURCE if declared.name == "pool" else "", declared.intake)
    folders = tuple(f"{folder}/" for folder in brought if folder)
    read = [path for path in entry.body["inputs"] if not path.startswith(folders)]
    foreign = (set(read) - set(declared.inputs)) | (set(outputs(entry)) - set(declared.outputs))
    if foreign:
        what = f"says of the stage {declared.name} that it reads or writes {min(foreign)}"
        raise LedgerError(what, where=f"ledger/{entry.seq:08d}.json", fix="run `labelloop audit`")


def _changes(entry: Entry) -> Iterator[str]:
    """Say what is not as it was when the stage was recorded."""
    now = environment.facts()
    if entry.body["code"] != now["code"]:
        yield f"code changed ({entry.body['code'][:12]} → {now['code'][:12]})"
    if changed := _differing(entry.body["packages"], now["packages"]):
        yield f"packages changed: {changed}"
    if changed := _differing(entry.body["arithmetic"], now["arithmetic"]):
        yield f"sums are made otherwise: {changed}"


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {_words(value)} → {_words(now.get(name))}"
        for name, value in sorted(then.items())
        if now.get(name) != value
    )


def _words(value: Any) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value or "none")
