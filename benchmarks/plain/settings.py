"""What the plain script's parts have in common."""

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path()
POOL, HOLDOUT = Path("data/pool.parquet"), Path("data/holdout.parquet")
ANSWERS, LABELS = Path("data/answers.parquet"), Path("data/labels.parquet")
ARRIVED = Path("data/arrived.parquet")
DECISIONS, PREDICTIONS = Path("data/decisions.parquet"), Path("data/predictions.parquet")
MODEL, METRICS = Path("model.skops"), Path("metrics.json")
VERSIONED = (ANSWERS, LABELS, ARRIVED, DECISIONS, PREDICTIONS, MODEL, METRICS)
BATCH, RUNNERS_UP, COPIES = 40, 400, 3
SEED = 7
MLFLOW = "sqlite:///mlflow.db"
NAME = "plain"


def pixels(frame: pd.DataFrame) -> np.ndarray:
    """Give images as rows of numbers, shape (n, 64)."""
    return np.stack(frame["pixels"].to_numpy())
