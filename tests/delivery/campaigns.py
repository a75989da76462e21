"""A campaign's files as push, collect and review find them, without the stages before."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from tasks import campaign as at
from tasks import params as parameters
from tasks import registry
from tasks.campaign import Campaign
from tasks.delivery import egress, legs
from tasks.delivery.desk import Desk
from tasks.domain import tables
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.outgoing import VendorContext
from tasks.ledger.local import LocalLedger

CLASSES = ["ash", "birch", "cedar"]
CONTENT = {
    "campaign": {"name": "trees", "seed": 5, "budget": 100.0, "classes": CLASSES},
    "pool": {"source": "data/source", "id": "item_id"},
    "features": {"numeric": ["height"]},
    "train": {"learner": "logistic_regression"},
    "score": {
        "batch": 8,
        "strategies": {"shares": {"margin": 1.0}},
        "cold_start": {"shares": {"uniform": 1.0}},
    },
    "push": {"redundancy": 2, "gold": 0.25},
    "vendor": {
        "name": "simulated",
        "send": ["height", "photo"],
        "price": 0.1,
        "pseudonyms": False,
        "options": {},
    },
    "collect": {"fallback": None},
    "review": {"aggregator": "majority", "min_confidence": 0.6, "max_answers": 5},
    "evaluate": {"holdout_per_round": None},
    "stop": {"max_rounds": {"rounds": 3}},
    "tracking": {"experiment": "test"},
}


def params(**changes):
    """Read params.yaml with some keys of some sections changed."""
    content = {name: {**CONTENT[name], **changes.get(name, {})} for name in CONTENT}
    return parameters.parse(yaml.safe_dump(content, sort_keys=False))


def truth_of(number):
    return CLASSES[number % len(CLASSES)]


def items(prefix, n):
    return pd.DataFrame(
        {
            "item_id": [f"{prefix}-{number:03d}" for number in range(n)],
            "height": [number / 2 for number in range(n)],
            "photo": [bytes([number % 256]) for number in range(n)],
            "secret": ["not to be sent"] * n,
            "label": [truth_of(number) for number in range(n)],
        }
    )


def make(root: Path, *, pool=40, gold=6, holdout=4, selected=8):
    """Lay out round 0: some decisions, nothing known, half of the holdout without a class."""
    campaign = Campaign(root)
    every = {at.POOL: items("pool", pool), at.GOLD: items("gold", gold)}
    every[at.HOLDOUT] = items("hold", holdout)
    truth = pd.concat(every.values(), ignore_index=True)[["item_id", "label"]]
    tables.write(campaign.path(at.TRUTH), truth, tables.TRUTH)
    every[at.POOL] = every[at.POOL].drop(columns="label")
    every[at.HOLDOUT].loc[::2, "label"] = None
    for name, frame in every.items():
        campaign.path(name).parent.mkdir(exist_ok=True)
        frame.to_parquet(campaign.path(name), index=False)
    open_round(campaign, 0, [f"pool-{number:03d}" for number in range(selected)])
    tables.write(campaign.path(at.BASE_LABELS), tables.LABELS.empty(), tables.LABELS)
    tables.write(campaign.path(at.BASE_ANSWERS), tables.ANSWERS.empty(), tables.ANSWERS)
    tables.write(campaign.path(at.BASE_SENT), tables.SENT.empty(), tables.SENT)
    return campaign


def open_round(campaign, number, selected, runners_up=("pool-039",)):
    """Open a round that has chosen some items; the snapshot before becomes its base."""
    write_atomic(campaign.path(at.ROUND), pretty_json({"round": number, "base": {}}))
    for base, snapshot in (
        (at.BASE_LABELS, at.LABELS),
        (at.BASE_ANSWERS, at.ANSWERS),
        (at.BASE_SENT, at.SENT),
    ):
        if campaign.path(snapshot).exists():
            write_atomic(campaign.path(base), campaign.path(snapshot).read_bytes())
    chosen = [*selected, *runners_up]
    decisions = pd.DataFrame({"item_id": chosen}).assign(
        round=number,
        rank=range(1, len(chosen) + 1),
        strategy="margin",
        score=0.5,
        cutoff=0.5,
        selected=[True] * len(selected) + [False] * len(runners_up),
        inclusion_probability=1.0,
        components="{}",
        class_1="birch",
        probability_1=0.5,
        class_2="ash",
        probability_2=0.4,
        reason="",
        model_digest="",
        pool_digest="",
    )
    tables.write(campaign.path(at.DECISIONS), decisions, tables.DECISIONS)


def ledger(campaign):
    return LocalLedger(campaign.path(at.LEDGER))


def desk(campaign, given, leg=legs.FIRST, most=500):
    """Connect to a leg's vendor, which takes `most` tasks in one call."""
    asked = legs.asked(given, leg)
    vendor = registry.build("vendors", asked.name, asked.options)
    account = vendor.connect(
        VendorContext(
            campaign=given.campaign.name,
            classes=tuple(given.campaign.classes),
            price=asked.price,
            seed=given.campaign.seed,
            home=campaign.private,
            truth=campaign.path(at.TRUTH),
            outgoing=egress.recorder(ledger(campaign), campaign.round, {"leg": leg}),
        )
    )
    return Desk(leg, asked.name, replace(vendor.capabilities, max_tasks=most), account)


def desks(campaign, given):
    """Give what connects to vendors."""
    return lambda leg: nullcontext(desk(campaign, given, leg))


def statement(campaign, given, leg=legs.FIRST):
    """Ask a vendor for its own account of all batches that it has."""
    made = [sent.reference for sent in legs.made(ledger(campaign).entries()) if sent.leg == leg]
    return desk(campaign, given, leg).account.statement(made)


def facts(campaign):
    """Read what the ledger says, without when it was said."""
    return [(entry.round, entry.kind, entry.body) for entry in ledger(campaign).entries()]
