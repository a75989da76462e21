"""Close a round: its bytes into DVC, its facts into the ledger, both into git under one tag."""

import json
from collections.abc import Iterable
from typing import Any

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import digests, state
from tasks.domain.ports import Ledger
from tasks.versions import data, git

DECIDED = (at.PARAMS, at.PIPELINE, at.ROUND, at.HOLDOUT_IDS, at.GOLD_IDS, *at.SUITES)
"""What git keeps and a round was done by; its tag vouches for it as for what stages wrote."""

GENERATED = ("dvc.lock", f"{at.SOURCE}.dvc", at.ROUND, at.LEDGER)
"""What labelloop itself writes and git keeps; everything else in git belongs to people."""


def tag_of(round_number: int) -> str:
    """Name the git tag of a round."""
    return f"round-{round_number:04d}"


def run(campaign: Campaign, ledger: Ledger, outputs: Iterable[str]) -> dict[str, Any]:
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
    decision = json.loads(campaign.path(at.STOP).read_text())
    stop = {key: decision[key] for key in ("rule", "reason")} if decision["stop"] else None
    sealed = (*outputs, *DECIDED)
    files = {name: digests.of_file(campaign.path(name)).to_body() for name in sealed}
    ledger.record(number, "snapshot", {"tag": tag, "files": files})
    ledger.record(number, "round_closed", {"round": number, "tag": tag, "stop": stop})
    tag_round(campaign, ledger)
    return {"tag": tag, "stop": stop}


def tag_round(campaign: Campaign, ledger: Ledger) -> None:
    """Commit and tag the last closed round, unless that is done."""
    closed = state.last(ledger.entries(), "round_closed")
    if closed is None or closed.body["tag"] in git.tags(campaign.root):
        return
    git.commit(campaign.root, f"Close round {closed.round}", GENERATED)
    git.tag(campaign.root, closed.body["tag"], f"Round {closed.round} of labelloop")


def save_ledger(campaign: Campaign) -> None:
    """Commit what the ledger has gained since the last commit."""
    if campaign.path(at.LEDGER).exists():
        git.commit(campaign.root, "Keep the ledger", [at.LEDGER])


def own(path: str) -> bool:
    """Whether a path in git is written by labelloop, not by people."""
    return path in GENERATED or path.startswith(f"{at.LEDGER}/")
