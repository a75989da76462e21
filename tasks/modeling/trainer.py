"""What both stages that train have in common: a pool, a table of labels, and params.yaml."""

from typing import Any

import pandas as pd

from tasks.modeling import bundle, pipeline, training
from tasks.modeling.pipeline import Card
from tasks.params import Params


def train(pool: pd.DataFrame, labels: pd.DataFrame, params: Params) -> tuple[bytes, Card]:
    """Train on the labels (`tables.LABELS`) that may be trained on.

    Returns
    -------
    bytes
        The model's file; `bundle.NO_MODEL` if there is none.
    dict
        Its card, as `pipeline.fit`, which see also for what is raised.
    """
    campaign = params.campaign
    usable = training.usable(labels)
    model, card = pipeline.fit(
        pool, usable, params.features, params.train, campaign.classes, campaign.seed
    )
    return (bundle.NO_MODEL if model is None else bundle.dump(model)), card


def would_make(card: Card, pool: pd.DataFrame, labels: pd.DataFrame, params: Params) -> bool:
    """Whether `train` would make the model of this card again."""
    if not card["fitted"]:
        return False
    campaign = params.campaign
    usable = training.usable(labels)
    found = training.join(pool, usable, params.features, campaign.classes)
    inputs = training.digest(found, params.features, params.train, campaign.classes, campaign.seed)
    return bool(card["inputs"] == inputs)


def summary(card: Card) -> dict[str, Any]:
    """Give the card's part of a stage's summary."""
    return {name: card[name] for name in ("fitted", "calibrated", "reason", "n_labels")}
