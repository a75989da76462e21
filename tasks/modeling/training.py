"""What a model is trained on, and the digest that says whether it would come out the same."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tasks.domain import digests
from tasks.domain.choosing import Strings
from tasks.domain.errors import DataError
from tasks.domain.files import canonical_json
from tasks.modeling import features as columns
from tasks.params import FeaturesParams, TrainParams

ROLES = ("query", "requeue", "seed", "imported")
"""Labels to train on; gold and holdout items only measure."""


@dataclass(frozen=True)
class TrainingSet:
    """Labelled items in the order of ``item_id``.

    Attributes
    ----------
    items : DataFrame
        The feature columns; the index is ``item_id``.
    labels : ndarray of str, shape (n,)
    """

    items: pd.DataFrame
    labels: Strings

    @property
    def present(self) -> set[str]:
        """The classes that have a label."""
        return set(self.labels)


def usable(labels: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of a table of labels (`tables.LABELS`) that a model may be trained on."""
    kept = labels["role"].isin(ROLES) & (labels["status"] == "labelled")
    return labels.loc[kept, ["item_id", "label"]]


def join(
    frame: pd.DataFrame, labels: pd.DataFrame, features: FeaturesParams, classes: Sequence[str]
) -> TrainingSet:
    """Find the labelled items.

    Raises
    ------
    DataError
        A labelled item is not in `frame`, or its class is none of `classes`.
    """
    ordered = labels.sort_values("item_id", kind="stable")
    item_ids, given = (ordered[name].to_numpy(dtype=object) for name in ("item_id", "label"))
    items = columns.select(frame, features.columns)
    _refuse(item_ids[~np.isin(item_ids, items.index)], "labelled but no longer in the pool")
    known = np.isin(given, np.array(classes, dtype=object))
    _refuse(item_ids[~known], "labelled with a class that campaign.classes does not list")
    return TrainingSet(items.loc[item_ids], given)


def digest(
    training: TrainingSet,
    features: FeaturesParams,
    train: TrainParams,
    classes: Sequence[str],
    seed: int,
) -> str:
    """Give one SHA-256 for everything that a model is a function of, but the code."""
    labels = zip(training.items.index.tolist(), training.labels.tolist(), strict=True)
    return digests.of_value(
        {
            "labels": [list(pair) for pair in labels],
            "values": _digest_of_values(training.items),
            "features": features.model_dump(mode="json"),
            "train": train.model_dump(mode="json"),
            "classes": list(classes),
            "seed": seed,
        }
    )


def _digest_of_values(items: pd.DataFrame) -> str:
    digest = hashlib.sha256()
    for name in items.columns:
        for value in items[name].tolist():
            digest.update(hashlib.sha256(_bytes(value)).digest())
    return digest.hexdigest()


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return b"bytes" + value
    if isinstance(value, np.ndarray | list):
        return b"list" + b"".join(hashlib.sha256(_bytes(part)).digest() for part in value)
    if pd.isna(value):
        return b"missing"
    return canonical_json(value if isinstance(value, str | int | float) else str(value)).encode()


def _refuse(item_ids: Strings, why: str) -> None:
    if len(item_ids):
        named = ", ".join(item_ids[:5]) + (", …" if len(item_ids) > 5 else "")
        fix = "put them back, or take their labels out of the campaign"
        raise DataError(f"{len(item_ids)} item(s) are {why}", where=f"item_id {named}", fix=fix)
