"""Train on the new snapshot's labels, and measure this model and those before on the holdout."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import randomness, tables
from tasks.domain.arithmetic import one_thread
from tasks.domain.errors import DataError
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.stage import Stage
from tasks.modeling import bundle, holdout, intervals, metrics, references, trainer
from tasks.modeling.intervals import Resampling
from tasks.modeling.metrics import Metrics
from tasks.params import Params
from tasks.quality import label_error
from tasks.quality.answers import newest, one_each

STAGE = Stage(
    "evaluate",
    inputs=(
        at.ROUND,
        at.POOL,
        at.HOLDOUT,
        at.GOLD,
        at.ANSWERS,
        at.LABELS,
        at.BASE_HOLDOUT_PREDICTIONS,
    ),
    outputs=(
        at.MODEL,
        at.CARD,
        at.PREDICTIONS,
        at.HOLDOUT_PREDICTIONS,
        at.METRICS,
        at.COMPARISON,
    ),
    params=("campaign.classes", "campaign.seed", "evaluate", "features", "train"),
)


@dataclass(frozen=True)
class Holdout:
    """The holdout with the labels that it has now.

    Attributes
    ----------
    items : DataFrame
        ``item_id`` and feature columns of all items, in the order of ``item_id``.
    labels : Series
        The label of each item that has one, by ``item_id``, in that order.
    bought : DataFrame
        `tables.LABELS` of those whose label was bought.
    """

    items: pd.DataFrame
    labels: "pd.Series[Any]"
    bought: pd.DataFrame


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write the snapshot's model, its card, what it says of the holdout, and its metrics.

    Past rounds are measured anew on the labels that the holdout has now.

    Raises
    ------
    DataError
        A file is missing or damaged, a labelled item is not in the pool any more, or a holdout
        item has a class that the campaign does not know.
    """
    pool, items, labels, past = (
        tables.read(campaign.path(name))
        for name in (at.POOL, at.HOLDOUT, at.LABELS, at.BASE_HOLDOUT_PREDICTIONS)
    )
    content, card = trainer.train(pool, labels, params)
    known = with_labels(items, labels, params.campaign.classes)
    # The model is taken from its file, so that everybody who loads it gets these predictions.
    said = predict(bundle.parse(content), known, params)
    classes, resampling = params.campaign.classes, _resampling(params)
    with one_thread():
        measured = measure(said, known, classes, resampling)
        if measured and len(known.bought):
            measured |= _doubted(campaign, known, classes, resampling.confidence)
        comparison = holdout.compare(past, known.labels, said, classes, resampling)
    every = holdout.joined(past, said, campaign.round)
    write_atomic(campaign.path(at.MODEL), content)
    write_atomic(campaign.path(at.CARD), pretty_json(card))
    tables.write(
        campaign.path(at.PREDICTIONS), predictions(said, known, classes), tables.PREDICTIONS
    )
    tables.write(campaign.path(at.HOLDOUT_PREDICTIONS), every, holdout.columns(every))
    write_atomic(campaign.path(at.METRICS), pretty_json(measured))
    write_atomic(campaign.path(at.COMPARISON), pretty_json(comparison))
    return {**trainer.summary(card), **summary(measured, known), "note": note(card, known)}


def with_labels(items: pd.DataFrame, labels: pd.DataFrame, classes: list[str]) -> Holdout:
    """Find the label of each holdout item whose class is known, or that has any answer.

    A bought label counts however unsure it is: items that wait for another answer are the
    difficult ones, and without them every model would look better than it is.

    Parameters
    ----------
    items : DataFrame
        ``item_id``, feature columns, and ``label``, which may be missing.
    labels : DataFrame
        `tables.LABELS`; those with the role holdout fill in what is missing.
    classes : list of str

    Raises
    ------
    DataError
        An item has a class that is none of `classes`.
    """
    ordered = items.sort_values("item_id", kind="stable", ignore_index=True)
    given = ordered.set_index("item_id")["label"]
    answered = (labels["role"] == "holdout") & labels["label"].notna()
    wanted = labels["item_id"].isin(given.index[given.isna()])
    bought = labels[answered & wanted].sort_values("item_id", ignore_index=True)
    # A column without any class may be read as numbers.
    filled = given.astype(object).fillna(bought.set_index("item_id")["label"]).dropna()
    foreign = filled[~filled.isin(classes)]
    if len(foreign):
        raise DataError(
            f"has the class {foreign.iloc[0]!r}, which campaign.classes does not list",
            where=f"{at.HOLDOUT}, item_id {foreign.index[0]}",
            fix="add the class, or mend the label",
        )
    return Holdout(ordered.drop(columns="label"), filled, bought)


def predict(model: Any | None, known: Holdout, params: Params) -> pd.DataFrame:
    """Say what a model says of every item of the holdout (`modeling.holdout.table`)."""
    items, classes = known.items, params.campaign.classes
    if model is None or items.empty:
        return tables.HOLDOUT_PREDICTIONS.empty()
    said = bundle.predict_proba(model, items, classes)
    return holdout.table(items["item_id"].tolist(), known.labels, said, classes)


def predictions(said: pd.DataFrame, known: Holdout, classes: list[str]) -> pd.DataFrame:
    """Give `tables.PREDICTIONS` of the items that have a label."""
    rows = said[said["item_id"].isin(known.labels.index)]
    if rows.empty:
        return tables.PREDICTIONS.empty()
    truth = rows["label"].to_numpy(dtype=object)
    probabilities = holdout.probabilities(rows, classes)
    return pd.DataFrame(
        {
            "item_id": rows["item_id"].to_numpy(dtype=object),
            "label": truth,
            "predicted": metrics.predicted(probabilities, classes),
            "probability": probabilities.max(axis=1),
            "probability_of_label": metrics.of_truth(truth, probabilities, classes),
        }
    )


def measure(
    said: pd.DataFrame, known: Holdout, classes: list[str], resampling: Resampling
) -> Metrics:
    """Measure predictions, and always answering the largest class; empty without any."""
    rows = said[said["item_id"].isin(known.labels.index)]
    if rows.empty:
        return {}
    truth = rows["label"].to_numpy(dtype=object)
    probabilities = holdout.probabilities(rows, classes)
    own = intervals.measure(truth, probabilities, classes, resampling)
    return own | references.baseline(truth, probabilities, classes, resampling)


def summary(measured: Metrics, known: Holdout) -> dict[str, Any]:
    """Say in numbers what was measured, on what."""
    names = ("accuracy", "macro_f1", references.LABEL_ERROR)
    return {
        "holdout": len(known.labels),
        "without_class": len(known.items) - len(known.labels),
        **{name: measured[name]["value"] for name in names if name in measured},
    }


def note(card: dict[str, Any], known: Holdout) -> str | None:
    """Say why there are no metrics."""
    if not card["fitted"]:
        return "no metrics: there is no model"
    return "no metrics: no holdout item has a class" if known.labels.empty else None


def _doubted(campaign: Campaign, known: Holdout, classes: list[str], confidence: float) -> Metrics:
    """Estimate how many labels of the holdout are wrong, and what that leaves to be shown."""
    answers, gold = (tables.read(campaign.path(name)) for name in (at.ANSWERS, at.GOLD))
    error = label_error.estimate(known.bought, one_each(newest(answers)), gold, confidence)
    return references.of_label_error(known.labels, known.bought, error, classes)


def _resampling(params: Params) -> Resampling:
    seed = randomness.integer_seed(params.campaign.seed, 0, "evaluate")
    return Resampling(params.evaluate.resamples, params.evaluate.confidence, seed)
