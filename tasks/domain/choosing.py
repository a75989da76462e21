"""What strategies choose from, and what aggregators give."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Candidates:
    """The items that may be queried now, in the order of `item_id`.

    Attributes
    ----------
    item_ids : ndarray of str, shape (n,)
    features : ndarray of float64, shape (n, d)
        Numbers that distances can be taken of; of no columns if no strategy needs them.
    probabilities : ndarray of float64, shape (n, c), or None
        One row sums to 1; None while there is no model.
    classes : tuple of str, length c
    """

    item_ids: Strings
    features: Floats
    probabilities: Floats | None
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.item_ids)


@dataclass(frozen=True)
class Calibration:
    """How an aggregator made its confidences match the known classes.

    Attributes
    ----------
    temperature : float
        What all log-odds were divided by; above 1, the answers alone would have been too sure.
    known_items : int
        The known items that it was estimated by; if 0, it is what the aggregator expects.
    """

    temperature: float
    known_items: int


@dataclass(frozen=True)
class Consensus:
    """What an aggregator makes of answers.

    Attributes
    ----------
    labels : DataFrame
        Columns item_id, label, confidence (0 to 1); one row per item that has an answer.
    calibration : Calibration or None
        None if confidences are not meant as probabilities.
    """

    labels: "pd.DataFrame"
    calibration: Calibration | None = None
