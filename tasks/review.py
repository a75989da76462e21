"""Turn answers into labels, and measure who gave them."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks import registry
from tasks.campaign import Campaign
from tasks.delivery.undone import Undone
from tasks.domain import tables
from tasks.domain.choosing import Consensus
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.ports import Aggregator
from tasks.domain.stage import Stage
from tasks.params import Params
from tasks.quality import agreement, annotators, gold, imported
from tasks.quality.answers import newest, one_each
from tasks.quality.labels import Policy, believe

STAGE = Stage(
    "review",
    inputs=(at.ROUND, at.ANSWERS, at.QUARANTINE, at.GOLD, at.BASE_LABELS),
    outputs=(at.LABELS, at.ANNOTATORS, at.QUALITY),
    params=("campaign.classes", "review"),
)


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write snapshot/labels.parquet, round/annotators.parquet and round/quality.json.

    All answers of all rounds are aggregated together, gold among them, so that everything known of
    an annotator counts. Of an answer that was revised, the newest revision does. What a round asked
    that was undone since counts for nothing.

    Raises
    ------
    DataError
        An input cannot be read.
    """
    everything, known, base, quarantine = (
        tables.read(campaign.path(name))
        for name in (at.ANSWERS, at.GOLD, at.BASE_LABELS, at.QUARANTINE)
    )
    answers = Undone.of_record(campaign.record).believed(newest(everything))
    consensus = aggregate(answers, known, params)
    labels = label(consensus, answers, base, params, campaign.round)
    tables.write(campaign.path(at.LABELS), labels, tables.LABELS)
    who = annotators.table(answers, known)
    tables.write(campaign.path(at.ANNOTATORS), who, tables.ANNOTATORS)
    quality = {
        **measure(answers, imported.bought(labels), known, campaign.round),
        "gold_labels": gold.of_labels(consensus.labels, known),
        "calibration": asdict(consensus.calibration) if consensus.calibration else None,
        "quarantined": len(quarantine),
    }
    write_atomic(campaign.path(at.QUALITY), pretty_json(quality))
    return quality


def aggregate(answers: pd.DataFrame, known: pd.DataFrame, params: Params) -> Consensus:
    """Aggregate the newest answers, gold's among them.

    Parameters
    ----------
    known : DataFrame
        Columns item_id, label: the gold items.
    """
    review = params.review
    aggregator: Aggregator = registry.build("aggregators", review.aggregator, review.options)
    return aggregator.aggregate(
        one_each(answers)[["item_id", "annotator_id", "label"]],
        tuple(params.campaign.classes),
        dict(zip(known["item_id"], known["label"], strict=True)),
    )


def label(
    consensus: Consensus,
    answers: pd.DataFrame,
    base: pd.DataFrame,
    params: Params,
    round_number: int,
) -> pd.DataFrame:
    """Make the labels (`tasks.domain.tables.LABELS`) of what was aggregated."""
    review = params.review
    policy = Policy(review.min_confidence, review.low_confidence, review.max_answers)
    asked = imported.without(one_each(answers), base)
    return believe(consensus.labels, asked, base, policy, round_number, review.aggregator)


def measure(
    answers: pd.DataFrame, labels: pd.DataFrame, known: pd.DataFrame, round_number: int
) -> dict[str, Any]:
    """Measure the annotators' agreement and accuracy, and count the labels.

    Returns
    -------
    dict
        ``alpha`` is Krippendorff's over all answers, ``alpha_round`` over those that this round
        asked for; ``gold_accuracy`` has value, low, high (95%) and n.
    """
    status = labels["status"].value_counts()
    single = one_each(answers)
    return {
        "alpha": agreement.alpha(single),
        "alpha_round": agreement.alpha(single[single["round"] == round_number]),
        "gold_accuracy": asdict(gold.accuracy(answers, known)),
        "answers": len(answers),
        "late": int(answers["late"].sum()),
        **{name: int(status.get(name, 0)) for name in ("labelled", "low_confidence", "returned")},
    }
