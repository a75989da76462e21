"""Make the batch and send it: the offline half writes what is to be bought, `deliver` buys it."""

import math
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.delivery import (
    composition,
    keys,
    legs,
    lost,
    money,
    once,
    packing,
    pages,
    payloads,
    sending,
    standing,
)
from tasks.delivery.desk import Desk
from tasks.delivery.looking import Watch
from tasks.delivery.undone import Undone
from tasks.domain import digests, tables
from tasks.domain.errors import CampaignError, TransientError, VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.ports import Ledger
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
    outputs=(at.BATCH, at.INBOX, at.EGRESS, at.EXPORT),
    params=(
        "campaign.name",
        "campaign.seed",
        "push",
        "vendor.send",
        "vendor.pseudonyms",
        "vendor.price",
        "review.max_answers",
        "evaluate.holdout_per_round",
    ),
    persists=(at.INBOX, at.EGRESS, at.EXPORT),
)
HOMES = {"query": at.POOL, "requeue": at.POOL, "gold": at.GOLD, "holdout": at.HOLDOUT}
"""Where the items of each role lie."""


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write round/batch.parquet, and start empty files for what the vendor is told and says.

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
    for name in STAGE.persists:
        pages.start(campaign.path(name), campaign.round)
    return _summary(batch)


def deliver(campaign: Campaign, params: Params, ledger: Ledger, desk: Desk) -> dict[str, Any]:
    """Send a batch of the open round, whole and once, however often this is begun.

    On the first leg that is the batch that `run` wrote, on a later one what was not answered on the
    one before.

    Raises
    ------
    BudgetError
        The batch would cost more than is left; nothing was sent.
    CapabilityMissingError
        The vendor cannot do what params.yaml asks for; nothing was sent.
    CampaignError
        It is not the batch that the ledger says was begun to be sent.
    VendorError
        A call went wrong; begin again to go on.
    """
    number, name = campaign.round, keys.batch_name(params.campaign.name, campaign.round, desk.leg)
    if desk.leg != legs.FIRST:
        # What is missing is judged by the inbox, and the ledger may know more.
        Watch(number, campaign.path(at.INBOX), ledger).mend()
    rows = _rows(campaign, params, desk.leg)
    where = {"batch": name, "leg": desk.leg, "vendor": desk.name}
    _intend(campaign, params, ledger, desk, rows)
    batch = tables.read(campaign.path(at.BATCH))
    content = dict(zip(batch["item_id"], batch["payload"], strict=True))
    tasks = packing.tasks_of(rows, content, pseudonyms=params.vendor.pseudonyms)
    most = desk.capabilities.max_tasks
    with lost.noticed(name, ledger, number):
        sending.Sending(where, number, ledger, desk.account, most).run(
            packing.spec(name, rows, params), tasks
        )
    body = {**where, "tasks": len(rows), "items": rows["item_id"].nunique()}
    ledger.record(number, "batch_sent", body)
    return _summary(rows)


def _rows(campaign: Campaign, params: Params, leg: int) -> pd.DataFrame:
    if leg == legs.FIRST:
        return standing.sent_now(campaign, params)
    sent = standing.standing(campaign, params).sent
    return sent[(sent["round"] == campaign.round) & (sent["leg"] == leg)]


def _wanted(campaign: Campaign, params: Params, sent: pd.DataFrame) -> pd.DataFrame:
    policy, undone = composition.policy_of(params), Undone.of_record(campaign.record)
    decisions, labels, gold, holdout = (
        tables.read(campaign.path(name))
        for name in (at.DECISIONS, at.BASE_LABELS, at.GOLD, at.HOLDOUT)
    )
    chosen = decisions.loc[decisions["selected"].astype(bool), "item_id"].tolist()
    known = gold.loc[gold["label"].notna(), "item_id"].tolist()
    rng = generator(params.campaign.seed, campaign.round, "push/gold")
    counted, order = undone.counted(sent), composition.holdout_order(params)
    parts = [
        composition.queries(chosen, counted, policy),
        composition.requeues(undone.askable(labels, sent), counted, policy),
        composition.golds(known, sent, policy, len(chosen), rng),
        composition.holdouts(holdout, counted, policy, order),
    ]
    return pd.concat(parts, ignore_index=True)


def _batch(campaign: Campaign, params: Params, wanted: pd.DataFrame) -> pd.DataFrame:
    content = _payloads(campaign, params, wanted)
    digest = {item_id: digests.of_value(payload) for item_id, payload in content.items()}
    name, number = params.campaign.name, campaign.round
    wanted = wanted.sort_values(["role", "item_id", "copy"], ignore_index=True)
    # A hash of an id that can be guessed gives it away; that of its place in a batch does not.
    shown = wanted.index.astype(str) if params.vendor.pseudonyms else wanted["item_id"]
    return wanted.assign(
        key=[
            keys.task_key(name, number, item, digest[item_id], copy)
            for item, item_id, copy in zip(shown, wanted["item_id"], wanted["copy"], strict=True)
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


def _guesses(campaign: Campaign) -> dict[str, payloads.Payload]:
    decisions = tables.read(campaign.path(at.DECISIONS)).dropna(subset=["class_1"])
    columns = ("item_id", "class_1", "probability_1", "model_digest")
    return {
        item_id: {"label": label, "score": float(score), "model": model[:12]}
        for item_id, label, score, model in zip(*(decisions[c] for c in columns), strict=True)
    }


def _intend(
    campaign: Campaign, params: Params, ledger: Ledger, desk: Desk, rows: pd.DataFrame
) -> None:
    number, cost = campaign.round, math.fsum(rows["price"] * rows["copies"])
    body = {
        "batch": keys.batch_name(params.campaign.name, number, desk.leg),
        "leg": desk.leg,
        "vendor": desk.name,
        "tasks": len(rows),
        "answers": int(rows["copies"].sum()),
        "reserved": cost,
        "digest": digests.of_value(rows["key"].tolist())
        if desk.leg != legs.FIRST
        else digests.of_file(campaign.path(at.BATCH)).sha256,
    }
    before = once.find(ledger, number, "batch_intended", leg=desk.leg)
    if before is None:
        money.refuse_overspending(params.campaign.budget, _committed(campaign, params, desk), cost)
        copies = int(rows["copies"].max()) if len(rows) else 1
        packing.refuse_missing(desk.name, desk.capabilities, params, copies)
        _ask(desk, known=any(one.vendor == desk.name for one in legs.made(ledger.entries())))
    elif before.body != body:
        raise CampaignError(
            f"is not the batch of round {number} that was begun to be sent",
            where=at.BATCH,
            fix="restore it with `dvc checkout`, and params.yaml with `git checkout`",
        )
    ledger.record(number, "batch_intended", body)


def _ask(desk: Desk, *, known: bool) -> None:
    """Ask a vendor whether it would take a batch.

    Nobody waits for one that was never there: its address may be wrong. One that has had a batch
    is away for a while.
    """
    try:
        desk.account.preflight()
    except TransientError as error:
        if known:
            raise
        fix = f"check its address in {at.PARAMS}, or run again when it is up; nothing was sent"
        raise VendorRefusedError(error.what, where=error.where, fix=fix) from error


def _committed(campaign: Campaign, params: Params, desk: Desk) -> float:
    """Add up what is spent, and what may still be, aside from the batch in question."""
    answers = tables.read(campaign.path(at.BASE_ANSWERS))
    if desk.leg == legs.FIRST:
        return money.committed(tables.read(campaign.path(at.BASE_SENT)), answers)
    now = standing.standing(campaign, params)
    others = now.sent[(now.sent["round"] != campaign.round) | (now.sent["leg"] != desk.leg)]
    return money.committed(others, pd.concat([answers, now.answers], ignore_index=True))


def _summary(rows: pd.DataFrame) -> dict[str, Any]:
    items = rows.groupby("role")["item_id"].nunique()
    roles = {role: int(items.get(role, 0)) for role in HOMES}
    cost = math.fsum(rows["price"] * rows["copies"])
    return {"items": roles, "tasks": len(rows), "answers": int(rows["copies"].sum()), "cost": cost}
