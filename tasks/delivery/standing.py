"""What an open round has come to so far, by its inbox."""

from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from tasks import campaign as at
from tasks import registry
from tasks.campaign import Campaign
from tasks.delivery import checks, inbox, legs
from tasks.domain import tables
from tasks.params import Params


def standing(campaign: Campaign, params: Params) -> checks.Sifted:
    """Go through the inbox, given what was known before the round.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    known = tables.read(campaign.path(at.BASE_ANSWERS))
    lines = inbox.items(campaign.path(at.INBOX), campaign.round)
    return checks.sift(lines, parsers(params), _expected(campaign, params), known)


def sent_now(campaign: Campaign, params: Params) -> pd.DataFrame:
    """Give the batch of the open round as rows of `tasks.domain.tables.SENT`."""
    batch = tables.read(campaign.path(at.BATCH))
    now = batch.assign(
        round=campaign.round,
        leg=legs.FIRST,
        vendor=params.vendor.name,
        withdrawn=0,
        rejected=False,
    )
    return now[list(tables.SENT.columns)]


def parsers(params: Params) -> Mapping[int, checks.Parse]:
    """Say how the records of the vendor, and of its fallback, are understood."""
    found = {legs.FIRST: registry.build("vendors", params.vendor.name, params.vendor.options)}
    if fallback := params.collect.fallback:
        found[legs.FALLBACK] = registry.build("vendors", fallback.name, fallback.options)
    return {leg: vendor.parse for leg, vendor in found.items()}


def _expected(campaign: Campaign, params: Params) -> checks.Expected:
    before = tables.read(campaign.path(at.BASE_SENT))
    rows = pd.concat([before, sent_now(campaign, params)], ignore_index=True)
    sent = cast(list[dict[str, Any]], rows.to_dict("records"))
    fallback = params.collect.fallback
    return checks.Expected(
        tasks={task["key"]: task for task in sent},
        classes=frozenset(params.campaign.classes),
        round=campaign.round,
        fallback=(fallback.name, fallback.price) if fallback else None,
    )
