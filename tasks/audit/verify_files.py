"""Whether the bytes on disk are those that the ledger vouches for."""

import yaml

from tasks import campaign as at
from tasks.audit import elsewhere
from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds, outputs
from tasks.delivery import inbox
from tasks.domain import digests, state
from tasks.domain.digests import Digest
from tasks.domain.strict_json import json_in, json_of
from tasks.versions import git, opening


def check(rounds: Rounds, findings: Findings, *, shared: bool = False) -> None:
    """Digest every file of the work tree that the newest round, or the one before, left there.

    Parameters
    ----------
    shared : bool
        Whether other machines may have made what is not here, or is here as an earlier round
        left it: then that is no problem.
    """
    if not rounds.numbers:
        return
    expected = _expected(rounds)
    here = [path for path in expected if rounds.campaign.path(path).exists()]
    if not here:
        mine = "if the campaign is your own, bring it with `dvc pull`"
        findings.skip(f"no data is checked out here; {mine}")
        return
    if shared and (other := elsewhere.files(rounds, expected)):
        findings.skip(f"{len(other)} files were made by other machines")
        expected = {path: expected[path] for path in expected if path not in other}
    unfinished = _unfinished(rounds)
    for path, (number, digest) in expected.items():
        with findings.guarded("file", path):
            _compare(rounds, findings, path, number, digest, unfinished)
    has_inbox = rounds.campaign.path(at.INBOX).exists() and not elsewhere.is_earlier(
        rounds, at.INBOX
    )
    if not shared or has_inbox:
        _check_inbox(rounds, findings, shared=shared)
    if not shared or rounds.campaign.path(at.SOURCE).exists():
        _check_source(rounds, findings)
    _check_people(rounds, findings)
    _check_round(rounds, findings)


def _expected(rounds: Rounds) -> dict[str, tuple[int, Digest]]:
    """Say what lies on disk: what the newest round wrote, and else what the one before left."""
    newest = rounds.numbers[-1]
    expected: dict[str, tuple[int, Digest]] = {}
    for number in rounds.numbers[-2:]:
        if number == newest or number in rounds.closed:
            for entry in rounds.stages(number):
                for path, body in outputs(entry).items():
                    expected[path] = (number, Digest(**body))
            expected |= _exchanged(rounds, number)
    return expected


def _exchanged(rounds: Rounds, number: int) -> dict[str, tuple[int, Digest]]:
    """Say what lies on disk of a closed round's exchange, until the next one's begins."""
    sealed = (rounds.body(number, "snapshot") or {"files": {}})["files"]
    if number not in rounds.closed or rounds.stage(number + 1, "push"):
        return {}
    both = (at.EGRESS, at.EXPORT)
    return {path: (number, Digest(**sealed[path])) for path in both if path in sealed}


def _unfinished(rounds: Rounds) -> set[str]:
    """List what the next stage of an open round writes: it may have been killed over it."""
    newest = rounds.numbers[-1]
    if newest in rounds.closed:
        return set()
    done = {entry.body["stage"] for entry in rounds.stages(newest)}
    before = [entry for entry in rounds.stages(newest - 1) if entry.body["stage"] not in done]
    return set(outputs(before[0])) if before else set()


def _compare(
    rounds: Rounds,
    findings: Findings,
    path: str,
    number: int,
    digest: Digest,
    unfinished: set[str],
) -> None:
    here = rounds.campaign.path(path)
    if not here.exists():
        findings.problem("file", path, f"is missing; round {number} wrote it")
    elif digests.of_file(here, fresh=True) == digest:
        return
    elif path in unfinished:
        findings.skip(f"{path}: round {rounds.numbers[-1]} has begun to write it anew")
    else:
        what = f"is not the {named(path)} that round {number} wrote: its bytes were changed"
        findings.problem("file", path, what)


def named(path: str) -> str:
    """Name a file in words that a user knows."""
    words = {
        at.DECISIONS: "query decisions",
        at.QUERY_MODEL: "model that the round queried with",
        at.MODEL: "model",
        at.CARD: "model's description",
        at.QUERY_CARD: "model's description",
    }
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return words.get(path, f"{stem.replace('_', ' ')} file")


def _check_inbox(rounds: Rounds, findings: Findings, *, shared: bool) -> None:
    """Compare the pages of the inbox with the looks that brought them."""
    number = rounds.numbers[-1]
    known = inbox.entries(rounds.entries, number)
    path = rounds.campaign.path(at.INBOX)
    if not any(entry.kind == "looked" for entry in known):
        return
    with findings.guarded("file", at.INBOX):
        if not path.exists():
            findings.problem("file", at.INBOX, f"is missing; round {number} looked for answers")
            return
        lines = path.read_text(encoding="utf-8").split("\n")[1:-1]
        for place, (entry, line) in enumerate(zip(known, lines, strict=False)):
            if not inbox.is_line(entry, line):
                page = entry.body.get("page", place)
                findings.problem("file", at.INBOX, f"page {page} is not what the vendor sent")
        # The ledger knows of a line before it is in the file.
        missing = len(known) - len(lines)
        most = len(known) if shared else int(number not in rounds.closed)
        if not 0 <= missing <= most:
            what = f"has {len(lines)} lines; the ledger knows of {len(known)}"
            findings.problem("file", at.INBOX, what)


def _check_source(rounds: Rounds, findings: Findings) -> None:
    """Compare the pool's source with what the newest pool was made of."""
    number = max((n for n in rounds.numbers if rounds.stage(n, "pool")), default=None)
    entry = None if number is None else rounds.stage(number, "pool")
    read = {} if entry is None else entry.body["inputs"]
    kept: set[str] = set()
    for path, body in read.items():
        if not path.startswith(f"{at.SOURCE}/"):
            continue
        here = rounds.campaign.path(path)
        with findings.guarded("file", path):
            if not here.exists():
                findings.problem("file", path, f"is missing; round {number} read it")
                continue
            found = digests.of_file(here, fresh=True)
            if found == Digest(**body):
                continue
            kept = kept or _kept(rounds)
            # Between rounds a pool may grow; then DVC knows the new bytes.
            if found.md5 not in kept:
                what = f"was changed since round {number} read it, and is not in DVC"
                findings.problem("file", path, what)


def _kept(rounds: Rounds) -> set[str]:
    tracked = yaml.safe_load(rounds.campaign.path(f"{at.SOURCE}.dvc").read_text())
    folder = rounds.store.fetch(tracked["outs"][0]["md5"])
    return {str(file["md5"]) for file in json_of(folder, at.SOURCE)}


def _check_people(rounds: Rounds, findings: Findings) -> None:
    """Find files of people, kept by git, that differ from the last commit."""
    closed = [rounds.body(number, "snapshot") for number in rounds.closed[-1:]]
    sealed = {path for body in closed if body for path in body["files"]}
    with findings.guarded("git", "git"):
        for path in git.changed(rounds.campaign.root):
            if path in sealed and not path.startswith(at.KEPT_BY_DVC) and path != at.ROUND:
                findings.problem("file", path, "has changes that git does not have")


def _check_round(rounds: Rounds, findings: Findings) -> None:
    number = rounds.numbers[-1]
    record = opening.record_of(rounds.body(number, "round_opened") or {})
    following = opening.next_record(rounds.entries)
    with findings.guarded("file", at.ROUND):
        found = json_in(rounds.campaign.path(at.ROUND))
        if found == record:
            return
        if found == following and state.opened(rounds.entries) is None:
            findings.skip(f"{at.ROUND}: round {following['round']} is about to be opened")
        else:
            findings.problem("file", at.ROUND, f"is not what round {number} was opened with")
