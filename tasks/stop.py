"""Decide whether another round is worth its money."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks import registry
from tasks.campaign import Campaign
from tasks.delivery import money, pricing
from tasks.delivery.pricing import Situation
from tasks.delivery.undone import Undone
from tasks.domain import tables
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.outlook import Outlook, RoundSummary
from tasks.domain.ports import StopRule
from tasks.domain.stage import Stage
from tasks.domain.strict_json import json_in
from tasks.modeling import training
from tasks.params import Params
from tasks.quality.answers import newest

STAGE = Stage(
    "stop",
    inputs=(
        at.ROUND,
        at.POOL,
        at.GOLD,
        at.HOLDOUT,
        at.BASE_HISTORY,
        at.SENT,
        at.ANSWERS,
        at.QUARANTINE,
        at.LABELS,
        at.QUALITY,
        at.METRICS,
        at.PREDICTIONS,
        at.COMPARISON,
    ),
    outputs=(at.STOP, at.HISTORY),
    params=(
        "campaign.budget",
        "campaign.classes",
        "campaign.seed",
        "score.batch",
        "push.redundancy",
        "push.gold",
        "vendor.price",
        "review.max_answers",
        "evaluate",
        "stop",
    ),
)

Record = dict[str, Any]


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write round/stop.json and snapshot/history.json.

    Raises
    ------
    DataError
        An input cannot be read.
    """
    pool, sent, labels = (
        tables.read(campaign.path(name)) for name in (at.POOL, at.SENT, at.LABELS)
    )
    answers = tables.read(campaign.path(at.ANSWERS))
    past = revised(_json(campaign, at.BASE_HISTORY), _json(campaign, at.COMPARISON))
    history = [*past, _record(campaign, params, pool, sent, labels)]
    gold, holdout = (tables.read(campaign.path(name)) for name in (at.GOLD, at.HOLDOUT))
    undone = Undone.of_record(campaign.record)
    now = Situation(pool, holdout, gold, labels, sent, answers, undone)
    outlook = look_ahead(params, now, history)
    decision = decide(rules_of(params), outlook)
    write_atomic(campaign.path(at.HISTORY), pretty_json(history))
    write_atomic(campaign.path(at.STOP), pretty_json(decision))
    return {
        "stop": decision["stop"],
        "rule": decision["rule"],
        "reason": decision["reason"],
        "labels": outlook.rounds[-1].labels,
        "answers": outlook.rounds[-1].answers,
        "spent": outlook.rounds[-1].spent,
        "candidates": outlook.candidates,
    }


def look_ahead(params: Params, now: Situation, history: Sequence[Record]) -> Outlook:
    """Gather what stop rules decide on, after the last round of `history`."""
    price = pricing.next_batch(params, now)
    return Outlook(
        rounds=tuple(RoundSummary.of(record) for record in history),
        budget=params.campaign.budget,
        next_batch_cost=price.cost,
        next_batch_parts=price.by_name,
        candidates=now.candidates(params),
        outstanding=money.outstanding(now.sent, now.answers),
        confidence=params.evaluate.confidence,
    )


def rules_of(params: Params) -> dict[str, StopRule]:
    """Make the rules that params.yaml names, in its order."""
    return {name: registry.build("stopping", name, given) for name, given in params.stop.items()}


def decide(rules: Mapping[str, StopRule], outlook: Outlook) -> dict[str, Any]:
    """Ask every rule; of those that fire, the first names the reason.

    Returns
    -------
    dict
        ``{"stop": bool, "rule": str | None, "reason": str | None, "go_on": str | None,
        "rules": {name: {"fires": bool, "reason": str}}}``; ``go_on`` says what to change so that
        none of the rules that fire would.
    """
    verdicts = {name: rule.verdict(outlook) for name, rule in rules.items()}
    firing = [name for name, verdict in verdicts.items() if verdict.fires]
    rule = firing[0] if firing else None
    return {
        "stop": rule is not None,
        "rule": rule,
        "reason": verdicts[rule].reason if rule else None,
        "go_on": "; and ".join(rules[name].go_on(outlook) for name in firing) or None,
        "rules": {name: asdict(verdict) for name, verdict in verdicts.items()},
    }


def class_counts(
    item_ids: "pd.Series[Any]", labels: pd.DataFrame, classes: Sequence[str]
) -> dict[str, int]:
    """Count the items that can be trained on, by class; a class without any has 0."""
    found = training.usable(labels)
    counts = found.loc[found["item_id"].isin(item_ids), "label"].value_counts()
    return {name: int(counts.get(name, 0)) for name in classes}


def revised(history: Sequence[Record], comparison: Sequence[Record]) -> list[Record]:
    """Give past rounds the metrics that they have by today's labels of the holdout.

    What was measured when they were closed stays under ``measured``.

    Parameters
    ----------
    history : sequence of dict
        Of base/history.json.
    comparison : sequence of dict
        Of round/comparison.json.
    """
    now = {one["round"]: one for one in comparison}
    names = ("metrics", "gained", "labels_changed", "labels_added", "holdout")
    return [
        {**record, **{name: now[record["round"]][name] for name in names}}
        if record["round"] in now
        else {**record, "gained": {}}
        for record in history
    ]


def _record(
    campaign: Campaign,
    params: Params,
    pool: pd.DataFrame,
    sent: pd.DataFrame,
    labels: pd.DataFrame,
) -> Record:
    answers = tables.read(campaign.path(at.ANSWERS))
    quality = _json(campaign, at.QUALITY)
    classes = class_counts(pool["item_id"], labels, params.campaign.classes)
    metrics = _json(campaign, at.METRICS)
    summary = RoundSummary(
        round=campaign.round,
        metrics=metrics,
        measured=metrics,
        holdout=len(tables.read(campaign.path(at.PREDICTIONS))),
        labels=sum(classes.values()),
        answers=len(newest(answers)),
        spent=money.spent(answers),
    )
    return asdict(summary) | {
        "alpha": quality["alpha"],
        "gold_accuracy": quality["gold_accuracy"]["value"],
        "quarantined": len(tables.read(campaign.path(at.QUARANTINE))),
        "batch": _asked(sent, campaign.round),
        "classes": classes,
    }


def _asked(sent: pd.DataFrame, round_number: int) -> int:
    queried = sent[(sent["round"] == round_number) & (sent["role"] == "query")]
    return int(queried["item_id"].nunique())


def _json(campaign: Campaign, name: str) -> Any:
    return json_in(campaign.path(name))
