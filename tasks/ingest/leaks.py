"""Columns that give the class away: a second label, what it was made from, or what follows from it.

A model that reads such a column learns nothing else, and whoever is shown it sees the answer.
A column is looked at alone, in both directions. It *tells the class* if a rule found in some items
gives the class of the others: the commonest class among equal values, or for numbers among the
nearest ones. It *follows from the class* if it has hardly more values than there are classes, and
the class gives its value, as ``good`` (score of at least 6) follows from the score.

Both are counted on items that the rule has not seen (5 folds; all but the item), so that ids and
other values that occur once tell nothing, and measured against always giving the commonest answer:
the share of its errors that the rule avoids. That share must be high, and by Wilson's interval
(1927, https://doi.org/10.1080/01621459.1927.10502953) not so by luck in a few items.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.errors import DataError
from tasks.domain.randomness import generator
from tasks.ingest.infer import Columns

Codes = npt.NDArray[np.int64]
KINDS = ("numeric", "categorical", "text", "embedding", "image")
FOLDS = 5
SEED = 7
"""The sample is the same whatever a campaign's seed, so that `init` and `check` say the same."""
MOST, FIRST_LOOK = 20_000, 2_000
"""Items that are looked at; and columns that tell little of so many are not looked at further."""
FEWEST = 20
"""Items of which nothing can be said."""
NEARLY, AT_LEAST, NOT_WORTH_A_LOOK = 0.95, 0.5, 0.85
"""Shares of the errors that are avoided: that make a leak, that must be sure, that may yet be."""
VALUES_A_CLASS = 4
"""A column that follows from the class has at most so many times more values than there are."""
NEIGHBOURS = (-1, 1, -2, 2)
Z = 1.959963984540054
"""For 95%."""


@dataclass(frozen=True)
class Leak:
    """A column that gives the class away.

    Attributes
    ----------
    column : str
    follows : bool
        The class tells the column; or else the column tells the class.
    right, commonest : float
        The share of items that this is true of, and that always the same answer is true of.
    items : int
        How many were looked at.
    """

    column: str
    follows: bool
    right: float
    commonest: float
    items: int

    def __str__(self) -> str:
        what = "the class alone tells it" if self.follows else "it alone tells the class"
        return (
            f"{what} for {100 * self.right:.1f}% of {self.items:,} items, where the commonest "
            f"answer is right for {100 * self.commonest:.1f}%"
        )


def find(table: pa.Table, labels: pa.ChunkedArray, names: Sequence[str]) -> list[Leak]:
    """Find the columns that give the class away.

    Parameters
    ----------
    table : pyarrow.Table
    labels : pyarrow.ChunkedArray of string, of the table's length
        Null where the class is not known: such items are not looked at.
    names : sequence of str
        The columns to look at.

    Notes
    -----
    Of more than 20,000 items a sample is looked at, the same for the same rows in the same order.
    """
    known = np.flatnonzero(pc.is_valid(labels).to_numpy())
    rows = generator(SEED, 0, "leaks").permutation(known)[:MOST]
    target, _ = _codes(labels.take(pa.array(rows)))
    # Of a class with hardly an item nobody could learn a rule.
    common = np.bincount(target)[target] >= FOLDS if len(target) else np.zeros(0, bool)
    rows, target = rows[common], target[common]
    if len(rows) < FEWEST:
        return []
    found = (_leak(table[name], rows, target, name) for name in names)
    return [leak for leak in found if leak is not None]


def without(columns: Columns, items: pa.Table, confirmed: Sequence[str]) -> Columns:
    """Take the columns that give the class away out of the features of a new campaign.

    Parameters
    ----------
    columns : Columns
    items : pyarrow.Table
        With ``item_id`` and ``label``, by item_id.
    confirmed : sequence of str
        Columns that stay although they do.

    Raises
    ------
    DataError
        No feature is left, or one that is confirmed is no feature.
    """
    for name in confirmed:
        if name not in columns.features:
            fix = f"there are {', '.join(columns.features)}"
            raise DataError(f"there is no feature {name!r}", where="--confirm", fix=fix)
    names = [name for name in columns.features if name not in confirmed]
    found = {leak.column: str(leak) for leak in find(items, items["label"], names)}
    if len(found) == len(columns.features):
        told = "; ".join(f"{name} ({why})" for name, why in found.items())
        fix = f"if they are known before anybody is asked: --confirm {','.join(found)}"
        raise DataError(f"all features give the class away: {told}", fix=fix)
    kept: dict[str, Any] = {
        kind: tuple(name for name in getattr(columns, kind) if name not in found) for kind in KINDS
    }
    left_out = {**columns.left_out, **found}
    return replace(columns, **kept, left_out=left_out, leaks=found, confirmed=tuple(confirmed))


def _leak(column: pa.ChunkedArray, rows: Codes, target: Codes, name: str) -> Leak | None:
    values = column.take(pa.array(rows[:FIRST_LOOK]))
    if _most(_told(values, target[:FIRST_LOOK], name)) is None:
        return None
    found = _most(_told(column.take(pa.array(rows)), target, name), NEARLY)
    return found if found is not None and _is_sure(found) else None


def _most(told: Iterable[Leak], enough: float = NOT_WORTH_A_LOOK) -> Leak | None:
    """Choose the direction that avoids most errors, if these are enough."""
    best = max(told, key=lambda leak: _avoided(leak.right, leak.commonest), default=None)
    return best if best and _avoided(best.right, best.commonest) >= enough else None


def _told(values: pa.ChunkedArray, target: Codes, name: str) -> Iterator[Leak]:
    """Give for each direction how often a rule is right, and how often the commonest answer is."""
    codes, is_ordered = _codes(values)
    n_values, n_classes, n = len(np.unique(codes)), len(np.unique(target)), len(target)
    if min(n_values, n_classes) < 2:
        return
    right = _right_by_value(codes, target)
    if is_ordered:
        right = max(right, _right_by_neighbours(codes, target))
    yield Leak(name, False, right, _commonest(target), n)
    if n_values <= VALUES_A_CLASS * n_classes:
        yield Leak(name, True, _right_by_value(target, codes), _commonest(codes), n)


def _avoided(right: float, commonest: float) -> float:
    """Give the share of the errors that always giving the commonest answer would make."""
    return (right - commonest) / (1 - commonest)


def _is_sure(leak: Leak) -> bool:
    """Whether the lower end of Wilson's interval still avoids `AT_LEAST` of the errors."""
    n, share = leak.items, leak.right
    middle = share + Z**2 / (2 * n)
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    low = (middle - half) / (1 + Z**2 / n)
    return bool(_avoided(low, leak.commonest) >= AT_LEAST)


def _commonest(codes: Codes) -> float:
    return float(np.bincount(codes).max() / len(codes))


def _codes(values: pa.ChunkedArray) -> tuple[Codes, bool]:
    """Give each value a number, in their order if they have one; what is missing has the last."""
    kind = values.type
    is_ordered = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    plain = is_ordered or pa.types.is_string(kind) or pa.types.is_boolean(kind)
    series = values.to_pandas() if plain else pd.Series(map(repr, values.to_pylist()), dtype=object)
    codes, found = pd.factorize(series, sort=True)
    return np.where(codes < 0, len(found), codes).astype(np.int64), is_ordered


def _right_by_value(given: Codes, wanted: Codes) -> float:
    """Guess the commonest of `wanted` among equal values of `given`, in the other folds."""
    folds, n = np.arange(len(given)) % FOLDS, wanted.max() + 1
    right = 0
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        guess = np.full(given.max() + 1, np.bincount(wanted[train]).argmax())
        pairs, counts = np.unique(given[train] * n + wanted[train], return_counts=True)
        # What is written last stays: the commonest, of equally common ones the first.
        pairs = pairs[np.lexsort((-pairs, counts))]
        guess[pairs // n] = pairs % n
        right += int((guess[given[test]] == wanted[test]).sum())
    return right / len(given)


def _right_by_neighbours(given: Codes, wanted: Codes) -> float:
    """Guess the commonest of `wanted` among an item's neighbours in the order of `given`."""
    order, places = np.argsort(given, kind="stable"), np.arange(len(given))[:, None]
    steps = np.array(NEIGHBOURS)
    near = places + steps
    inside = (near >= 0) & (near < len(given))
    # At the ends there are neighbours on one side only.
    around = wanted[order][np.where(inside, near, places - steps)]
    votes = (around[:, :, None] == around[:, None, :]).sum(axis=2)
    guess = around[np.arange(len(given)), votes.argmax(axis=1)]
    return float((guess == wanted[order]).mean())
