"""Make the batch and send it: the offline half writes what is to be bought, `deliver` buys it."""

import math
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.delivery import composition, inbox, keys, money, payloads, sending
from tasks.domain import digests, state, tables
from tasks.domain.errors import CampaignError
from tasks.domain.files import canonical_json
from tasks.domain.ports import Account, Ledger
from tasks.domain.randomness import generator
from tasks.domain.stage import Stage
from tasks.params import Params

STAGE = Stage(
    "push",
    inputs=(
        at.ROUND,
        at.DECISIONS,
        at.POOL,
        at.GOLD,
        at.HOLDOUT,
        at.BASE_LABELS,
        at.BASE_SENT,
    ),
    outputs=(at.BATCH, at.SENT, at.INBOX),
    params=(
        "campaign.name",
        "campaign.seed",
        "push",
        "vendor.send",
        "vendor.price",
        "review.max_answers",
    ),
    persists=(at.INBOX,),
)
HOMES = {"query": at.POOL, "requeue": at.POOL, "gold": at.GOLD, "holdout": at.HOLDOUT}
"""Where the items of each role lie."""


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write round/batch.parquet and snapshot/sent.parquet, and start an empty inbox.

    Raises
    ------
    ParamsError
        ``vendor.send`` names a field that the pool does not have.
    DataError
        An input cannot be read, or does not have an item that is to be sent.
    """
    sent = tables.read(campaign.path(at.BASE_SENT))
    batch = _batch(campaign, params, _wanted(campaign, params, sent))
    tables.write(campaign.path(at.BATCH), batch, tables.BATCH)
    now = batch.assign(round=campaign.round)[list(tables.SENT.columns)]
    tables.write(campaign.path(at.SENT), pd.concat([sent, now]), tables.SENT)
    inbox.start(campaign.path(at.INBOX), campaign.round)
    return _summary(batch)


def deliver(campaign: Campaign, params: Params, ledger: Ledger, account: Account) -> dict[str, Any]:
    """Send the open round's batch, whole and once, however often this is begun.

    Raises
    ------
    BudgetError
        The batch would cost more than is left; nothing was sent.
    CampaignError
        It is not the batch that the ledger says was begun to be sent.
    VendorError
        A call went wrong; begin again to go on.
    """
    number, batch = campaign.round, tables.read(campaign.path(at.BATCH))
    name = keys.batch_name(params.campaign.name, number)
    _intend(campaign, params, ledger, account, batch)
    sending.Sending(name, number, ledger, account).run(sending.tasks_of(batch))
    body = {"batch": name, "tasks": len(batch), "items": batch["item_id"].nunique()}
    ledger.record(number, "batch_sent", body)
    return _summary(batch)


def _wanted(campaign: Campaign, params: Params, sent: pd.DataFrame) -> pd.DataFrame:
    push, number = params.push, campaign.round
    policy = composition.Policy(push.redundancy, push.gold, params.review.max_answers)
    decisions, labels, gold = (
        tables.read(campaign.path(name)) for name in (at.DECISIONS, at.BASE_LABELS, at.GOLD)
    )
    chosen = decisions.loc[decisions["selected"].astype(bool), "item_id"].tolist()
    known = gold.loc[gold["label"].notna(), "item_id"].tolist()
    rng = generator(params.campaign.seed, number, "push/gold")
    parts = [
        composition.queries(chosen, sent, policy),
        composition.requeues(labels, sent, policy),
        composition.golds(known, sent, policy, len(chosen), rng),
    ]
    if number == 0:
        parts.append(composition.holdouts(tables.read(campaign.path(at.HOLDOUT)), policy))
    return pd.concat(parts, ignore_index=True)


def _batch(campaign: Campaign, params: Params, wanted: pd.DataFrame) -> pd.DataFrame:
    content = _payloads(campaign, params, wanted)
    digest = {item_id: digests.of_value(payload) for item_id, payload in content.items()}
    name, number = params.campaign.name, campaign.round
    return wanted.assign(
        key=[
            keys.task_key(name, number, item_id, digest[item_id], copy)
            for item_id, copy in zip(wanted["item_id"], wanted["copy"], strict=True)
        ],
        payload=[canonical_json(content[item_id]) for item_id in wanted["item_id"]],
        payload_digest=[digest[item_id] for item_id in wanted["item_id"]],
        price=params.vendor.price,
    )


def _payloads(
    campaign: Campaign, params: Params, wanted: pd.DataFrame
) -> dict[str, payloads.Payload]:
    payloads.refuse_unknown(params.vendor.send, campaign.path(at.POOL))
    found: dict[str, payloads.Payload] = {}
    for name, rows in wanted.groupby(wanted["role"].map(HOMES), sort=True):
        ids = rows["item_id"].unique().tolist()
        found |= payloads.read(campaign.path(str(name)), ids, params.vendor.send)
    if params.push.prelabels:
        for item_id, guess in _guesses(campaign).items():
            if item_id in found:
                found[item_id][payloads.PRELABEL] = guess
    return found


def _guesses(campaign: Campaign) -> dict[str, str]:
    decisions = tables.read(campaign.path(at.DECISIONS)).dropna(subset=["class_1"])
    return dict(zip(decisions["item_id"], decisions["class_1"], strict=True))


def _intend(
    campaign: Campaign, params: Params, ledger: Ledger, account: Account, batch: pd.DataFrame
) -> None:
    number, cost = campaign.round, math.fsum(batch["price"])
    body = {
        "batch": keys.batch_name(params.campaign.name, number),
        "vendor": params.vendor.name,
        "tasks": len(batch),
        "reserved": cost,
        "digest": digests.of_file(campaign.path(at.BATCH)).sha256,
    }
    before = state.last(ledger.entries(), "batch_intended", number)
    if before is None:
        sent, answers = (
            tables.read(campaign.path(name)) for name in (at.BASE_SENT, at.BASE_ANSWERS)
        )
        already = money.committed(sent, answers)
        money.refuse_overspending(params.campaign.budget, already, cost)
        account.preflight()
    elif before.body != body:
        raise CampaignError(
            f"is not the batch of round {number} that was begun to be sent",
            where=at.BATCH,
            fix="restore it with `dvc checkout`, and params.yaml with `git checkout`",
        )
    ledger.record(number, "batch_intended", body)


def _summary(batch: pd.DataFrame) -> dict[str, Any]:
    items = batch.groupby("role")["item_id"].nunique()
    roles = {role: int(items.get(role, 0)) for role in HOMES}
    return {"items": roles, "tasks": len(batch), "cost": math.fsum(batch["price"])}
