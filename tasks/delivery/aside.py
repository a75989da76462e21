"""What was set aside in the open round, told while people can still mend it."""

import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.delivery import pages
from tasks.delivery.checks import Sifted
from tasks.delivery.standing import standing
from tasks.domain import state, tables
from tasks.domain.entries import Entry
from tasks.params import Params

NEEDED = (at.INBOX, at.BATCH, at.BASE_SENT, at.BASE_ANSWERS)


def so_far(campaign: Campaign, params: Params, entries: tuple[Entry, ...]) -> Sifted | None:
    """Say what the open round's inbox has come to by the last look.

    Returns
    -------
    Sifted or None
        None if no round waits for answers, or its files are not on this machine.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    here = all(campaign.path(name).exists() for name in NEEDED)
    waits = state.state(entries) == "awaiting_labels"
    current = campaign.round == state.current_round(entries) if here else False
    if not (waits and current and pages.lines(campaign.path(at.INBOX), campaign.round)):
        return None
    return standing(campaign, params)


def set_aside(campaign: Campaign, params: Params, entries: tuple[Entry, ...]) -> pd.DataFrame:
    """List what of it is no answer, as `tasks.domain.tables.QUARANTINE`; see `so_far`."""
    found = so_far(campaign, params, entries)
    return tables.QUARANTINE.empty() if found is None else found.quarantine


def told(frame: pd.DataFrame) -> list[str]:
    """Write one line for each record: where it is, why it is no answer, and what to do."""
    return [line(*row) for row in zip(frame["place"], frame["reason"], frame["fix"], strict=True)]


def line(place: str, reason: str, fix: str) -> str:
    """Say where a record is, why it is no answer, and what to do."""
    said = f"{place}: {reason}" if place else reason
    return f"{said}; {fix}" if fix else said
