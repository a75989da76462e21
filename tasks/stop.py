"""Decide whether another round is worth its money."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks import registry
from tasks.campaign import Campaign
from tasks.delivery import money
from tasks.domain import tables
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.outlook import Outlook, RoundSummary
from tasks.domain.ports import StopRule
from tasks.domain.stage import Stage
from tasks.modeling import training
from tasks.params import Params
from tasks.quality.answers import newest
from tasks.selection import candidates

STAGE = Stage(
    "stop",
    inputs=(
        at.ROUND,
        at.POOL,
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
    outlook = Outlook(
        rounds=tuple(RoundSummary.of(record) for record in history),
        budget=params.campaign.budget,
        next_batch_cost=next_batch_cost(params, int((labels["status"] == "low_confidence").sum())),
        candidates=int(
            candidates.open_items(pool["item_id"], labels, sent, params.most_copies).sum()
        ),
        outstanding=money.outstanding(sent, answers),
        confidence=params.evaluate.confidence,
    )
    rules = {name: registry.build("stopping", name, given) for name, given in params.stop.items()}
    decision = decide(rules, outlook)
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


def decide(rules: Mapping[str, StopRule], outlook: Outlook) -> dict[str, Any]:
    """Ask every rule; of those that fire, the first names the reason.

    Returns
    -------
    dict
        ``{"stop": bool, "rule": str | None, "reason": str | None,
        "rules": {name: {"fires": bool, "reason": str}}}``
    """
    verdicts = {name: rule.verdict(outlook) for name, rule in rules.items()}
    rule = next((name for name, verdict in verdicts.items() if verdict.fires), None)
    return {
        "stop": rule is not None,
        "rule": rule,
        "reason": verdicts[rule].reason if rule else None,
        "rules": {name: asdict(verdict) for name, verdict in verdicts.items()},
    }


def next_batch_cost(params: Params, requeues: int = 0) -> float:
    """Give what another full batch costs at most.

    Its queries and its gold are asked `redundancy` times each, and `requeues` items once more.
    """
    batch = params.score.batch
    # 0.07 * 100 is 7.000000000000001 and means 7.
    gold = math.ceil(round(params.push.gold * batch, 9))
    return ((batch + gold) * params.push.redundancy + requeues) * params.vendor.price


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
    return json.loads(campaign.path(name).read_text())
