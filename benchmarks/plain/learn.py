"""Train, evaluate, choose a batch, and have it answered."""

import json
import sys
from pathlib import Path
from typing import Any

import names
import numpy as np
import pandas as pd
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main(number: int) -> None:
    """Do all of a round that is no overhead."""
    rng = np.random.default_rng([names.SEED, number])
    pool, labels = pd.read_parquet(names.POOL), pd.read_parquet(names.LABELS)
    model = _trained(pool, labels)
    _evaluate(model, pd.read_parquet(names.HOLDOUT))
    batch = _choose(model, pool[~pool["item_id"].isin(labels["item_id"])], number, rng)
    _answer(batch, number, rng)


def _trained(pool: pd.DataFrame, labels: pd.DataFrame) -> Any:
    known = pool.merge(labels, on="item_id")
    if known["label"].nunique() < 2:
        known = pd.read_parquet(names.HOLDOUT).head(names.BATCH)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(names.pixels(known), known["label"].astype(str))
    skops.io.dump(model, names.MODEL)
    return model


def _evaluate(model: Any, holdout: pd.DataFrame) -> None:
    truth, chances = holdout["label"].astype(str), model.predict_proba(names.pixels(holdout))
    predicted = model.classes_[chances.argmax(axis=1)]
    known = truth.isin(model.classes_)
    recalls = recall_score(truth, predicted, average=None, labels=model.classes_, zero_division=0)
    metrics = {
        "accuracy": accuracy_score(truth, predicted),
        "macro_f1": f1_score(truth, predicted, average="macro", zero_division=0),
        "log_loss": log_loss(truth[known], chances[known], labels=model.classes_),
        **{f"recall/{name}": value for name, value in zip(model.classes_, recalls, strict=True)},
    }
    Path(names.METRICS).write_text(json.dumps(metrics, indent=2))
    found = holdout.assign(predicted=predicted, probability=chances.max(axis=1))
    found.drop(columns="pixels").to_parquet(names.PREDICTIONS)


def _choose(model: Any, left: pd.DataFrame, number: int, rng: np.random.Generator) -> pd.DataFrame:
    ranked = np.sort(model.predict_proba(names.pixels(left)), axis=1)
    decisions = pd.DataFrame(
        {"item_id": left["item_id"], "score": 1 - ranked[:, -1] + ranked[:, -2], "round": number}
    ).sort_values("score", ascending=False)
    decisions["rank"] = np.arange(1, len(decisions) + 1)
    decisions["selected"] = decisions["rank"] <= names.BATCH
    decisions.head(names.BATCH + names.RUNNERS_UP).to_parquet(names.DECISIONS)
    return decisions[decisions["selected"]]


def _answer(batch: pd.DataFrame, number: int, rng: np.random.Generator) -> None:
    truth = pd.read_parquet(names.TRUTH)
    copies = (
        batch[["item_id"]]
        .merge(truth, on="item_id")
        .merge(
            pd.DataFrame({"annotator_id": [f"annotator-{n}" for n in range(names.COPIES)]}),
            how="cross",
        )
    )
    wrong = rng.random(len(copies)) < names.WRONG
    copies.loc[wrong, "label"] = rng.choice(sorted(truth["label"].unique()), wrong.sum())
    copies["answer_id"] = [f"{number}-{row}" for row in range(len(copies))]
    copies.assign(revision=0, price=names.PRICE).to_parquet(names.ARRIVED)


if __name__ == "__main__":
    main(int(sys.argv[1]))
