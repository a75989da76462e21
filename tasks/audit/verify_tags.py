"""Whether git has every closed round under its tag, with the bytes that the ledger names."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks import campaign as at
from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds, outputs
from tasks.domain import strict_yaml
from tasks.versions import git

LOCK = "dvc.lock"
MOST_LOCK = 1 << 24
"""Bytes of it; each stage takes less than ten thousand."""


def check(rounds: Rounds, findings: Findings) -> None:
    """Look at the tag of every closed round."""
    root = rounds.campaign.root
    with findings.guarded("git", "git"):
        tags, shallow = git.tags(root), git.is_shallow(root)
        reached = git.tags(root, merged=True)
        digests: dict[str, str] = {}
        for number in rounds.closed:
            tag = (rounds.body(number, "round_closed") or {})["tag"]
            where = f"tag {tag}"
            with findings.guarded("git", where):
                if tag in rounds.lacking:
                    continue
                if tag not in tags:
                    _missing(rounds, number, where, findings)
                    continue
                if tag not in reached and not shallow:
                    findings.problem("git", where, "is not part of the history of HEAD")
                _check_lock(rounds, number, tag, findings)
                _check_people(rounds, number, tag, findings, digests)


def _missing(rounds: Rounds, number: int, where: str, findings: Findings) -> None:
    if number == rounds.numbers[-1]:
        findings.skip(f"round {number} is closed and not yet tagged: the next run does it")
    else:
        findings.problem("git", where, f"is missing; round {number} was closed under it")


def _check_lock(rounds: Rounds, number: int, tag: str, findings: Findings) -> None:
    """Compare dvc.lock with the ledger: it is where `dvc checkout` finds the bytes."""
    content = git.read(rounds.campaign.root, tag, LOCK)
    stages = strict_yaml.parse(content.decode(), MOST_LOCK)["stages"]
    locked = {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", ())}
    for entry in rounds.stages(number):
        for path, body in outputs(entry).items():
            if locked.get(path) != body["md5"]:
                name = entry.body["stage"]
                what = f"does not name the {path} that the stage {name} wrote in round {number}"
                findings.problem("git", f"{LOCK} at {tag}", what)


def _check_people(
    rounds: Rounds, number: int, tag: str, findings: Findings, digests: dict[str, str]
) -> None:
    """Compare the files that git keeps with the snapshot; each content is read once."""
    sealed: Mapping[str, Any] = (rounds.body(number, "snapshot") or {})["files"]
    root, blobs = rounds.campaign.root, git.blobs(rounds.campaign.root, tag)
    for path, body in sealed.items():
        if path.startswith(at.KEPT_BY_DVC):
            continue
        if path not in blobs:
            findings.problem("git", f"{path} at {tag}", "is missing")
        elif _digest(root, tag, path, blobs[path], digests) != body["sha256"]:
            what = f"is not the file that round {number} was closed with"
            findings.problem("git", f"{path} at {tag}", what)


def _digest(root: Path, tag: str, path: str, blob: str, digests: dict[str, str]) -> str:
    if blob not in digests:
        digests[blob] = hashlib.sha256(git.read(root, tag, path)).hexdigest()
    return digests[blob]
