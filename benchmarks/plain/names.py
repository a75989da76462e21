"""What the plain scripts have in common."""

from typing import Any

import numpy as np
import pandas as pd

POOL, HOLDOUT, TRUTH = "data/pool.parquet", "data/holdout.parquet", "data/truth.parquet"
ANSWERS, LABELS = "data/answers.parquet", "data/labels.parquet"
ARRIVED = "data/arrived.parquet"
DECISIONS, PREDICTIONS = "data/decisions.parquet", "data/predictions.parquet"
MODEL, METRICS = "model.skops", "metrics.json"
VERSIONED = (ANSWERS, LABELS, DECISIONS, PREDICTIONS, MODEL, METRICS)
CHECKED = {"pool": POOL, "holdout": HOLDOUT, "answers": ANSWERS, "labels": LABELS}
SUITES = {"pool": "pool", "holdout": "pool", "answers": "answers", "labels": "labels"}

BATCH, RUNNERS_UP, COPIES, WRONG, SEED = 40, 400, 3, 0.1, 7
PRICE = 0.02
TRACKING, NAME = "sqlite:///mlflow.db", "plain"


def pixels(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Give images as rows of numbers, shape (n, 64)."""
    return np.array(frame["pixels"].tolist(), dtype=np.float64)


def with_derived(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what the suites expect of lists."""
    if "pixels" not in frame:
        return frame
    finite = np.isfinite(pixels(frame))
    lengths, missing = frame["pixels"].map(len), (~finite).sum(axis=1)
    return frame.assign(pixels__length=lengths, pixels__not_finite=missing)
