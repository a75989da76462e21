"""Take in the answers: `look` asks the vendor what is new, the offline half decides what is one."""

from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.delivery import egress, money, pages
from tasks.delivery.deadlines import Looked, Waiting
from tasks.delivery.desk import Desks
from tasks.delivery.legs import Sent
from tasks.delivery.settling import Settling
from tasks.delivery.standing import standing
from tasks.domain import tables
from tasks.domain.ports import Ledger
from tasks.domain.stage import Stage
from tasks.params import Params

STAGE = Stage(
    "collect",
    inputs=(at.ROUND, at.BATCH, at.INBOX, at.BASE_SENT, at.BASE_ANSWERS),
    outputs=(at.SENT, at.ANSWERS, at.QUARANTINE),
    params=("campaign.classes", "vendor.name", "vendor.options", "collect.fallback"),
)
BOOKS = (at.BASE_SENT, at.BASE_ANSWERS, at.SENT, at.ANSWERS)
"""What `settle` and `release` read."""


def look(campaign: Campaign, params: Params, ledger: Ledger, desks: Desks) -> Looked:
    """Fetch what is new, once, unless it is known that nothing more is to come.

    At its deadline a batch is waited for again, given up, or sent to the fallback vendor, as
    ``collect.at_deadline`` says.

    Raises
    ------
    VendorError
        A call went wrong; look again.
    """
    return Waiting(campaign, params, ledger, desks).look()


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write snapshot/sent.parquet, snapshot/answers.parquet and round/quarantine.parquet.

    An answer is late if the round that asked for it was over when it came. It counts all the same.

    Raises
    ------
    DataError
        An input cannot be read.
    """
    known = tables.read(campaign.path(at.BASE_ANSWERS))
    sifted = standing(campaign, params)
    answers = pd.concat([known, sifted.answers], ignore_index=True)
    tables.write(campaign.path(at.SENT), sifted.sent, tables.SENT)
    tables.write(campaign.path(at.ANSWERS), answers, tables.ANSWERS)
    tables.write(campaign.path(at.QUARANTINE), sifted.quarantine, tables.QUARANTINE)
    new = sifted.answers
    return {
        "answers": int(new["answer_id"].nunique()),
        "revisions": len(new) - int(new["answer_id"].nunique()),
        "late": int(new["late"].sum()),
        "redelivered": sifted.redelivered,
        "quarantined": len(sifted.quarantine),
        "reasons": _counts(sifted.quarantine["reason"]),
    }


def settle(campaign: Campaign, params: Params, ledger: Ledger, desks: Desks) -> dict[str, Any]:
    """Book what the round's answers cost, those that came late too; tell the vendor who is paid.

    Raises
    ------
    VendorError
        A call went wrong; settle again.
    """
    known, answers = (tables.read(campaign.path(name)) for name in (at.BASE_ANSWERS, at.ANSWERS))
    new = answers[~answers["answer_id"].isin(known["answer_id"])]
    body = {
        "round": campaign.round,
        "answers": int(new["answer_id"].nunique()),
        "cost": money.spent(answers) - money.spent(known),
    }
    ledger.record(campaign.round, "settled", body)
    Settling(campaign, params, ledger, desks).decide()
    return body


def release(campaign: Campaign, params: Params, ledger: Ledger, desks: Desks) -> list[Sent]:
    """Close the batches at the vendor that nothing more can come of; write round/egress.jsonl.

    Returns
    -------
    list of Sent
        The batches that were closed.

    Raises
    ------
    VendorError
        A call went wrong; release again.
    """
    closed = Settling(campaign, params, ledger, desks).release()
    left = egress.lines(ledger, campaign.round)
    pages.write(campaign.path(at.EGRESS), campaign.round, left)
    return closed


def _counts(reasons: "pd.Series[str]") -> dict[str, int]:
    return {str(reason): int(n) for reason, n in reasons.value_counts().sort_index().items()}
