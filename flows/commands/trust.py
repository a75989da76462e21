"""``labelloop trust``, and the question that other commands ask first."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain.blotting import blotted
from tasks.domain.errors import CampaignError, LabelloopError
from tasks.domain.escapes import visible
from tasks.domain.needs import Need
from tasks.needs import Wanted, wanted
from tasks.trust import confirmed, named, own, places

Ask = Callable[[str], bool]
"""Puts a question to the user."""
OWN = "Take the campaign for your own, so that what is computed for it runs in this process?"
Facts = dict[str, Any]
MINE = "the campaign is your own: what is computed for it runs in this process"
OTHERS = (
    "the campaign is not your own: what is computed for it runs in a process of its own; "
    "`labelloop trust` at a terminal, or with --yes, takes it for yours"
)


def trust(directory: Path, also: Sequence[str], ask: Ask) -> Facts:
    """Confirm what a campaign wants, and take it for one's own, as far as the user agrees.

    Parameters
    ----------
    also : sequence of str
        Places that the user has typed.
    ask : callable
        Says whether the user agrees.
    """
    campaign = _found(directory, ask)
    typed = [_typed(place) for place in also]
    confirmed.add([Need(place, confirmed.ANYTHING) for place in typed], campaign.root)
    _decide(campaign, ask)
    if not campaign.is_own and ask(OWN):
        own.take(campaign.private)
    return {
        "campaign": str(campaign.root),
        "wants": [_row(one) for one in wanted(campaign.root, campaign.params())],
        "also": typed,
        "own": campaign.is_own,
    }


def _found(directory: Path, ask: Ask) -> Campaign:
    """Find the campaign; what is refused of strangers' alone is the user's to take for his own."""
    campaign = at.located(directory)
    refused = [] if campaign.is_own else at.refusals(campaign)
    if refused and all(ask(f"{one.where} {one.what}. {OWN}") for one in refused):
        own.take(campaign.path(at.PRIVATE))
    return at.find(directory)


def told(facts: Facts) -> str:
    """Say what is confirmed and what is not."""
    rows = [("WHERE IT STANDS", "PLACE", "WHAT GOES THERE", "")]
    rows += [
        (one["field"], one["place"], one["secret"] or "-", one["state"]) for one in facts["wants"]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows]
    if not facts["wants"]:
        lines = ["it wants nothing outside itself and this machine"]
    lines += [f"{place}: trusted" for place in facts["also"]]
    return "\n".join([*lines, MINE if facts["own"] else OTHERS])


def revoke(place: str) -> Facts:
    """Take back all that was confirmed of a place.

    Raises
    ------
    CampaignError
        Nothing was.
    """
    known = _spelled(place)
    if not confirmed.remove(known):
        fix = f"unset it in {named.VARIABLE}" if named.covers(known) else "see `labelloop trust`"
        raise CampaignError("was not confirmed", where=place, fix=fix)
    return {"revoked": known}


def _typed(place: str) -> str:
    """Spell a place that the user has typed as it is confirmed.

    Raises
    ------
    CampaignError
        It is neither an address nor a folder or file that is there.
    """
    known = _spelled(place)
    if Need(known).is_path and not Path(known).exists():
        fix = "name a host as https://label.example.org, a bucket as s3://bucket, or a folder"
        raise CampaignError("is no address, and no folder that is there", where=place, fix=fix)
    return known


def _spelled(place: str) -> str:
    if Need(place).is_path:
        return str(Path(place).expanduser().resolve())
    if not place.lower().startswith(("http://", "https://")):
        return place.rstrip("/")
    try:
        return places.address(place)
    except ValueError as error:
        raise CampaignError(str(error), where=place, fix="mend it") from None


def told_revoked(facts: Facts) -> str:
    """Say what was taken back."""
    return f"{facts['revoked']} is trusted no more"


def asking(*, yes: bool) -> Ask:
    """Ask at the terminal; where there is none, nobody agrees to anything but by ``--yes``."""
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        return _confirm
    return lambda question: yes


def ask_first(directory: Path) -> None:
    """Ask for what was not confirmed yet; whatever is wrong with the campaign, others tell."""
    try:
        campaign = at.find(directory)
        _decide(campaign, _confirm)
    except LabelloopError:
        # The command that comes next meets the same, and says it in its own place.
        return


def _decide(campaign: Campaign, ask: Ask) -> None:
    for one in wanted(campaign.root, campaign.params()):
        if one.asks and ask(_question(one.need)):
            confirmed.add([one.need], campaign.root)


def _question(need: Need) -> str:
    along = f" with {need.secret}" if need.secret else ""
    verb = "use" if need.is_path else "connect to"
    return f"{need.field} wants to {verb} {need.place}{along}. Trust it?"


def _confirm(question: str) -> bool:
    return typer.confirm(visible(blotted(question)), default=False, err=True)


def _row(one: Wanted) -> Facts:
    state = one.refused or ("trusted" if one.trusted else "not trusted")
    need = one.need
    return {"field": need.field, "place": need.place, "secret": need.secret, "state": state}
