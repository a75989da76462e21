"""What all aggregators share: the order of the answers, and the choice among classes."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from pandas.errors import Pandas4Warning

from tasks.domain.choosing import Calibration, Consensus

DECIMALS = 12
"""Probabilities that agree to so many decimals are a tie; the rest is rounding."""


def ordered(answers: pd.DataFrame) -> pd.DataFrame:
    """Give answers in crowd-kit's terms (task, worker, label), in an order of their own."""
    columns = {"item_id": "task", "annotator_id": "worker", "label": "label"}
    renamed = answers[list(columns)].rename(columns=columns).astype("str")
    return renamed.sort_values(list(columns.values()), ignore_index=True)


def consensus(
    probabilities: pd.DataFrame,
    votes: pd.DataFrame,
    classes: Sequence[str],
    calibration: Calibration | None = None,
) -> Consensus:
    """Choose each item's most probable class among those that somebody gave it.

    Ties go to the class that comes first in `classes`.

    Parameters
    ----------
    probabilities : DataFrame
        A row for each task, a column for each class that was given to any.
    votes : DataFrame
        As `ordered` gives them.
    calibration : Calibration, optional
        How the probabilities were calibrated.
    """
    by_class = probabilities.reindex(columns=list(classes), fill_value=0.0)
    given = votes.groupby(["task", "label"]).size().unstack("label", fill_value=0)
    given = given.reindex(index=by_class.index, columns=list(classes), fill_value=0)
    values = by_class.to_numpy(dtype=np.float64).clip(0.0, 1.0)
    best = np.where(given.to_numpy() > 0, values.round(DECIMALS), -1.0).argmax(axis=1)
    names = np.array(classes, dtype=object)
    return Consensus(
        pd.DataFrame(
            {
                "item_id": by_class.index.to_numpy(dtype=object),
                "label": names[best],
                "confidence": values[np.arange(len(best)), best],
            }
        ),
        calibration,
    )


def nothing() -> Consensus:
    """Give the consensus of no answers."""
    frame = pd.DataFrame({"item_id": [], "label": []}, dtype=object)
    return Consensus(frame.assign(confidence=np.empty(0)))


@contextmanager
def quietly() -> Iterator[None]:
    """Hold back what pandas has to say about the way in which crowd-kit calls it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pandas4Warning)
        yield
