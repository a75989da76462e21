"""From the columns of a campaign's tables to plain numbers and words.

The functions take a frame whose index is ``item_id``, so that an error can name the item.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from tasks.domain.choosing import Floats
from tasks.domain.errors import DataError

LARGEST = 1e100
"""Squares of numbers beyond it overflow, so no variance can be taken of them."""


def numbers(frame: pd.DataFrame) -> Floats:
    """Read numeric columns, shape (n, columns); missing values become NaN.

    Raises
    ------
    DataError
        A value is no finite number.
    """
    return np.column_stack([_numbers(frame[name]) for name in frame.columns])


def categories(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Read categorical columns as strings, shape (n, columns); missing values become None.

    A whole number is spelled the same whether its column holds integers or, because a value is
    missing somewhere, floats.
    """
    spelled = np.empty(frame.shape, dtype=object)
    for position, name in enumerate(frame.columns):
        spelled[:, position] = [_category(value) for value in frame[name].tolist()]
    return spelled


def texts(frame: pd.DataFrame) -> list[str]:
    """Read a frame of one text column; missing texts become empty."""
    return ["" if is_missing(value) else str(value) for value in frame.iloc[:, 0].tolist()]


def is_missing(value: Any) -> bool:
    """Whether a cell is empty; a list or array never is."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def problem(what: str, column: pd.Series, item_id: Any) -> DataError:
    """Make the error that names a column's item."""
    return DataError(what, where=f"column {column.name!r}, item {item_id!r}")


def flat(value: Any) -> Floats:
    """Flatten a list of numbers, or of lists of numbers; `ValueError` or `TypeError` if none."""
    nested = isinstance(value, np.ndarray) and value.dtype == object
    return np.asarray(value.tolist() if nested else value, dtype=np.float64).ravel()


def stack(column: pd.Series, width: int) -> Floats:
    """Stack a column of vectors, shape (n, width); missing vectors become rows of NaN.

    Raises
    ------
    DataError
        A value is no vector of numbers, holds an infinity, or has another length.
    """
    rows = np.full((len(column), width), np.nan)
    for position, (item_id, value) in enumerate(column.items()):
        if not is_missing(value):
            rows[position] = _vector(value, width, column, item_id)
    return rows


def first(column: pd.Series) -> tuple[Any, Any]:
    """Find the first value that is there, as (item_id, value).

    Raises
    ------
    DataError
        All are missing.
    """
    for item_id, value in column.items():
        if not is_missing(value):
            return item_id, value
    raise DataError("is empty in every item to learn from", where=f"column {column.name!r}")


class Vectors(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn has no types
    """Stack a frame of one embedding column; all items must have the first one's length."""

    def fit(self, X: pd.DataFrame, y: object = None) -> "Vectors":
        """Learn the length."""
        item_id, value = first(X.iloc[:, 0])
        self.width_ = len(_vector(value, None, X.iloc[:, 0], item_id))
        return self

    def transform(self, X: pd.DataFrame) -> Floats:
        """Give shape (n, length)."""
        return stack(X.iloc[:, 0], self.width_)


def _numbers(column: pd.Series) -> Floats:
    if column.dtype.kind in "mM":
        raise DataError("holds times, not numbers", where=f"column {column.name!r}")
    read = pd.to_numeric(column, errors="coerce")
    values: Floats = read.to_numpy(dtype=np.float64, na_value=np.nan)
    unusable = column.notna().to_numpy() & ~(np.abs(values) <= LARGEST)
    if unusable.any():
        position = int(np.flatnonzero(unusable)[0])
        value = column.iloc[position]
        raise problem(f"{value!r} is no finite number", column, column.index[position])
    return values


def _category(value: Any) -> str | None:
    if is_missing(value):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _vector(value: Any, width: int | None, column: pd.Series, item_id: Any) -> Floats:
    try:
        vector = flat(value)
    except (TypeError, ValueError):
        raise problem("is no list of numbers", column, item_id) from None
    if width not in (None, len(vector)):
        raise problem(f"has length {len(vector)}, others have {width}", column, item_id)
    if (np.abs(vector) > LARGEST).any():
        raise problem("holds an infinite number", column, item_id)
    return vector
