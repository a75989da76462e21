"""Close a round: its bytes into DVC, its facts into the ledger, both into git under one tag."""

from collections.abc import Iterable
from typing import Any

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import digests, state
from tasks.domain.entries import Entry, tag_of
from tasks.domain.files import write_atomic
from tasks.domain.ports import Ledger
from tasks.domain.strict_json import json_in
from tasks.versions import data, git
from tasks.versions.keeping import Keeping

GENERATED = ("dvc.lock", f"{at.SOURCE}.dvc", at.ROUND, at.LEDGER)
"""What labelloop itself writes and git keeps; everything else in git belongs to people."""


def run(
    campaign: Campaign, ledger: Ledger, keeping: Keeping, outputs: Iterable[str]
) -> dict[str, Any]:
    """Close the open round; doing it twice is doing it once.

    The decision to stop is a part of the entry that closes the round, so that no process can see
    one without the other.

    Parameters
    ----------
    outputs : iterable of str
        All files that stages write.
    """
    number, tag = campaign.round, tag_of(campaign.round)
    data.commit(campaign.root)
    decision = json_in(campaign.path(at.STOP))
    stop = {key: decision[key] for key in ("rule", "reason", "go_on")} if decision["stop"] else None
    sealed = (*outputs, *at.DECIDED)
    files = {name: digests.of_file(campaign.path(name)).to_body() for name in sealed}
    keeping.leave(files)
    ledger.record(number, "snapshot", {"tag": tag, "files": files})
    ledger.record(number, "round_closed", {"round": number, "tag": tag, "stop": stop})
    tag_round(campaign, ledger, keeping)
    return {"tag": tag, "stop": stop}


def tag_round(campaign: Campaign, ledger: Ledger, keeping: Keeping) -> None:
    """Commit and tag the last closed round, and make that known, unless it is done."""
    closed = state.last(ledger.entries(), "round_closed")
    if closed is None or closed.body["tag"] in git.tags(campaign.root):
        return
    tag = closed.body["tag"]
    keeping.lay_out(closed.round)
    told = keeping.identity(closed)
    entries = _lay_out(campaign, ledger.entries()[: closed.seq + 1])
    paths = [name for name in GENERATED if name != at.LEDGER] + entries
    git.commit(campaign.root, f"Close round {closed.round}", paths, told)
    git.tag(campaign.root, tag, f"Round {closed.round} of labelloop", told)
    keeping.publish(tag)


def _lay_out(campaign: Campaign, entries: Iterable[Entry]) -> list[str]:
    """Write the entries of a ledger in a bucket into the folder that git keeps; list the files."""
    paths = []
    for entry in entries:
        paths.append(path := f"{at.LEDGER}/{entry.seq:08d}.json")
        if not campaign.path(path).exists():
            write_atomic(campaign.path(path), entry.content)
    return paths


def save_ledger(campaign: Campaign) -> None:
    """Commit what the ledger has gained since the last commit."""
    if campaign.path(at.LEDGER).exists():
        git.commit(campaign.root, "Keep the ledger", [at.LEDGER])


def own(path: str) -> bool:
    """Whether a path in git is written by labelloop, not by people."""
    came_in = path.startswith((f"{at.ADDED}/", f"{at.IMPORTED}/"))
    return path in GENERATED or path.startswith(f"{at.LEDGER}/") or came_in
