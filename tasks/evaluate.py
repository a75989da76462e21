"""Train on the new snapshot's labels, and measure the model on the holdout."""

from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import randomness, tables
from tasks.domain.errors import DataError
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.stage import Stage
from tasks.modeling import bundle, metrics, trainer
from tasks.modeling.metrics import Metrics
from tasks.params import Params

STAGE = Stage(
    "evaluate",
    inputs=(at.POOL, at.HOLDOUT, at.LABELS),
    outputs=(at.MODEL, at.CARD, at.PREDICTIONS, at.METRICS),
    params=("campaign.classes", "campaign.seed", "evaluate", "features", "train"),
)


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write the snapshot's model, its card, its predictions for the holdout, and its metrics.

    Raises
    ------
    DataError
        A file is missing or damaged, a labelled item is not in the pool any more, or a holdout
        item has a class that the campaign does not know.
    """
    pool, holdout, labels = (
        tables.read(campaign.path(name)) for name in (at.POOL, at.HOLDOUT, at.LABELS)
    )
    content, card = trainer.train(pool, labels, params)
    known = with_class(holdout, labels, params.campaign.classes)
    # The model is taken from its file, so that everybody who loads it gets these predictions.
    model = bundle.parse(content)
    predictions, measured = assess(model, known, params)
    write_atomic(campaign.path(at.MODEL), content)
    write_atomic(campaign.path(at.CARD), pretty_json(card))
    tables.write(campaign.path(at.PREDICTIONS), predictions, tables.PREDICTIONS)
    write_atomic(campaign.path(at.METRICS), pretty_json(measured))
    counts = {"holdout": len(known), "without_class": len(holdout) - len(known)}
    point = {name: measured[name]["value"] for name in ("accuracy", "macro_f1") if measured}
    return {**trainer.summary(card), **counts, **point, "note": note(model, known)}


def with_class(holdout: pd.DataFrame, labels: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Keep the holdout items whose class is known, or was bought, in the order of ``item_id``.

    Parameters
    ----------
    holdout : DataFrame
        ``item_id``, feature columns, and ``label``, which may be missing.
    labels : DataFrame
        `tables.LABELS`; those with the role holdout fill in what is missing.
    classes : list of str

    Raises
    ------
    DataError
        An item has a class that is none of `classes`.
    """
    bought = labels[(labels["role"] == "holdout") & (labels["status"] == "labelled")]
    filled = holdout.assign(
        label=holdout["label"]
        .astype(object)
        .fillna(holdout["item_id"].map(bought.set_index("item_id")["label"]))
    )
    known = filled[filled["label"].notna()].sort_values("item_id", kind="stable")
    foreign = known[~known["label"].isin(classes)]
    if len(foreign):
        item_id, label = foreign[["item_id", "label"]].iloc[0]
        raise DataError(
            f"has the class {label!r}, which campaign.classes does not list",
            where=f"{at.HOLDOUT}, item_id {item_id}",
            fix="add the class, or mend the label",
        )
    return known


def assess(model: Any | None, known: pd.DataFrame, params: Params) -> tuple[pd.DataFrame, Metrics]:
    """Predict items of known class, and measure how well.

    Parameters
    ----------
    model : sklearn.pipeline.Pipeline or None
    known : DataFrame
        ``item_id``, feature columns, and ``label``.
    params : Params

    Returns
    -------
    DataFrame
        `tables.PREDICTIONS`; of no rows without a model.
    dict
        As `metrics.measure`; empty without a model or without items.
    """
    if model is None or known.empty:
        return tables.PREDICTIONS.empty(), {}
    classes, seed = params.campaign.classes, params.campaign.seed
    truth = known["label"].to_numpy(dtype=object)
    probabilities = bundle.predict_proba(model, known, classes)
    predictions = pd.DataFrame(
        {
            "item_id": known["item_id"].to_numpy(dtype=object),
            "label": truth,
            "predicted": metrics.predicted(probabilities, classes),
            "probability": probabilities.max(axis=1),
            "probability_of_label": metrics.of_truth(truth, probabilities, classes),
        }
    )
    measured = metrics.measure(
        truth,
        probabilities,
        classes,
        resamples=params.evaluate.resamples,
        confidence=params.evaluate.confidence,
        rng=randomness.generator(seed, 0, "evaluate"),
    )
    return predictions, measured


def note(model: Any | None, known: pd.DataFrame) -> str | None:
    """Say why there are no metrics."""
    if model is None:
        return "no metrics: there is no model"
    return "no metrics: no holdout item has a class" if known.empty else None
