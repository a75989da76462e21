"""What gold says of annotators and labels: items whose class was known before they were asked."""

from statistics import NormalDist
from typing import Any

import pandas as pd

from tasks.quality.answers import one_each
from tasks.quality.clustered import Proportion, score_interval, share


def accuracy(answers: pd.DataFrame, gold: pd.DataFrame) -> Proportion:
    """Measure the share of gold answers that are right, over all annotators.

    The interval is that of annotators and items like these: answers of one annotator, or to one
    item, are no independent observations. Of an annotator who met an item again, the last answer
    counts.

    Parameters
    ----------
    answers : DataFrame
        The newest revisions (`tasks.domain.tables.ANSWERS`).
    gold : DataFrame
        Columns item_id, label.
    """
    judged = _judged(answers, gold)
    clusters = [judged[name].to_numpy() for name in ("annotator_id", "item_id")]
    return share(judged["right"].to_numpy(dtype=bool), clusters)


def by_annotator(answers: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Measure each annotator: indexed by annotator_id, columns n_gold and gold_accuracy."""
    right = _judged(answers, gold).groupby("annotator_id")["right"]
    return pd.DataFrame({"n_gold": right.size(), "gold_accuracy": right.mean()})


def of_labels(consensus: pd.DataFrame, gold: pd.DataFrame) -> dict[str, Any]:
    """Compare what was said of gold items with their classes.

    Parameters
    ----------
    consensus : DataFrame
        Columns item_id, label, confidence; made as if gold were not known.
    gold : DataFrame
        Columns item_id, label.

    Returns
    -------
    dict
        ``confidence`` is the mean that was stated (None without gold items), ``accuracy`` the share
        of labels that are right: value, low, high (95%) and n.
    """
    known = consensus.merge(gold.dropna(subset=["label"]), on="item_id", suffixes=("", "_known"))
    right = int((known["label"] == known["label_known"]).sum())
    return {
        "confidence": float(known["confidence"].mean()) if len(known) else None,
        "accuracy": vars(wilson(right, len(known))),
    }


def wilson(successes: float, n: int, confidence: float = 0.95) -> Proportion:
    """Put Wilson's score interval around the share of independent observations."""
    if not n:
        return Proportion(None, None, None, 0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return score_interval(successes / n, n, n, z)


def _judged(answers: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    truth = gold.dropna(subset=["label"]).set_index("item_id")["label"]
    asked = answers[(answers["role"] == "gold") & answers["item_id"].isin(truth.index)]
    asked = one_each(asked)
    return asked.assign(right=asked["label"].to_numpy() == asked["item_id"].map(truth).to_numpy())
