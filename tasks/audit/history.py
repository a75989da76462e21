"""Which closed rounds git has here: a clone that is shallow or behind the others may be sound."""

from collections.abc import Sequence

from tasks.audit.findings import Findings
from tasks.campaign import Campaign
from tasks.domain import state
from tasks.domain.entries import Entry
from tasks.domain.errors import CampaignError
from tasks.versions import git, remotes


def lacking(
    campaign: Campaign, entries: Sequence[Entry], findings: Findings, *, shared: bool
) -> frozenset[str]:
    """Name the tags that are missing here for a reason that is not tampering, and tell the reason.

    Parameters
    ----------
    shared : bool
        Whether other machines may have closed rounds; git's remote is then asked for their tags.

    Returns
    -------
    frozenset of str
        What git keeps of these rounds cannot be looked at here.
    """
    closed = [entry.body["tag"] for entry in state.of_kind(tuple(entries), "round_closed")]
    here = git.tags(campaign.root)
    missing = [tag for tag in closed if tag not in here]
    if git.is_shallow(campaign.root):
        fix = "bring the whole history with `git fetch --unshallow --tags`"
        findings.skip(f"this clone is shallow, so git does not have every round here; {fix}")
        return frozenset(missing)
    if missing and shared:
        return _closed_elsewhere(campaign, missing, findings)
    return frozenset()


def _closed_elsewhere(
    campaign: Campaign, missing: Sequence[str], findings: Findings
) -> frozenset[str]:
    try:
        there = remotes.tags(campaign.root)
    except CampaignError as error:
        findings.skip(f"{missing[0]} is not here, and git's remote cannot be asked for it: {error}")
        return frozenset(missing)
    known = [tag for tag in missing if tag in there]
    if known:
        many = f"{known[0]} to {known[-1]} were" if len(known) > 1 else f"{known[0]} was"
        fix = "bring it up to date with `git pull --tags`"
        findings.skip(f"this clone is stale: {many} closed by another machine; {fix}")
    return frozenset(known)
