"""Take in the answers: `look` asks the vendor what is new, the offline half decides what is one."""

from typing import Any, cast

import pandas as pd

from tasks import campaign as at
from tasks import registry
from tasks.campaign import Campaign
from tasks.delivery import checks, inbox, keys, money
from tasks.delivery.looking import Outcome, Watch
from tasks.domain import tables
from tasks.domain.ports import Account, Ledger
from tasks.domain.stage import Stage
from tasks.params import Params

STAGE = Stage(
    "collect",
    inputs=(at.ROUND, at.INBOX, at.SENT, at.BASE_ANSWERS),
    outputs=(at.ANSWERS, at.QUARANTINE),
    params=("campaign.classes", "vendor.name", "vendor.options"),
)


def look(campaign: Campaign, params: Params, ledger: Ledger, account: Account) -> Outcome:
    """Fetch what is new, once, unless it is known that nothing more is to come.

    Raises
    ------
    VendorError
        A call went wrong; look again.
    """
    batch = keys.batch_name(params.campaign.name, campaign.round)
    watch = Watch(batch, campaign.round, campaign.path(at.INBOX), ledger, account)
    outcome = watch.outcome(params.collect.deadline_hours)
    if not (outcome.complete or outcome.deadline):
        watch.look()
        outcome = watch.outcome(params.collect.deadline_hours)
    if outcome.complete or outcome.deadline:
        watch.mend()
        body = {"batch": batch, "complete": outcome.complete, "deadline": outcome.deadline}
        ledger.record(campaign.round, "collected", body)
    return outcome


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write snapshot/answers.parquet and round/quarantine.parquet.

    An answer is late if the round that asked for it was over when it came. It counts all the same.

    Raises
    ------
    DataError
        An input cannot be read.
    """
    vendor = registry.build("vendors", params.vendor.name, params.vendor.options)
    known = tables.read(campaign.path(at.BASE_ANSWERS))
    items = inbox.items(campaign.path(at.INBOX), campaign.round)
    sifted = checks.sift(items, vendor.parse, _expected(campaign, params), known)
    answers = pd.concat([known, sifted.answers], ignore_index=True)
    tables.write(campaign.path(at.ANSWERS), answers, tables.ANSWERS)
    tables.write(campaign.path(at.QUARANTINE), sifted.quarantine, tables.QUARANTINE)
    return {
        "answers": int(sifted.answers["answer_id"].nunique()),
        "revisions": int((sifted.answers["revision"] > 0).sum()),
        "late": int(sifted.answers["late"].sum()),
        "redelivered": sifted.redelivered,
        "quarantined": len(sifted.quarantine),
        "reasons": _counts(sifted.quarantine["reason"]),
    }


def settle(campaign: Campaign, params: Params, ledger: Ledger) -> dict[str, Any]:
    """Book what the round's answers cost; those that came late cost now."""
    known, answers = (tables.read(campaign.path(name)) for name in (at.BASE_ANSWERS, at.ANSWERS))
    new = answers[~answers["answer_id"].isin(known["answer_id"])]
    body = {
        "batch": keys.batch_name(params.campaign.name, campaign.round),
        "answers": int(new["answer_id"].nunique()),
        "cost": money.spent(new),
    }
    ledger.record(campaign.round, "settled", body)
    return body


def _expected(campaign: Campaign, params: Params) -> checks.Expected:
    sent = cast(list[checks.Row], tables.read(campaign.path(at.SENT)).to_dict("records"))
    return checks.Expected(
        tasks={task["key"]: task for task in sent},
        classes=frozenset(params.campaign.classes),
        round=campaign.round,
        vendor=params.vendor.name,
    )


def _counts(reasons: "pd.Series[str]") -> dict[str, int]:
    return {str(reason): int(n) for reason, n in reasons.value_counts().sort_index().items()}
