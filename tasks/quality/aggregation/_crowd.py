"""Answers as numbers: who said what of which item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from tasks.domain.choosing import Floats, Strings

Whole = npt.NDArray[np.int64]
UNKNOWN = -1


@dataclass(frozen=True)
class Crowd:
    """All answers, one place in each array per answer, but for `item_ids` and `known`.

    Attributes
    ----------
    item_ids : ndarray of str, shape (n_items,)
        Sorted.
    item, annotator, label : ndarray of int, shape (n_answers,)
        The place of the answer's item in `item_ids`, its annotator, and the class that was said.
    known : ndarray of int, shape (n_items,)
        The class of an item that was known beforehand; `UNKNOWN` for all others.
    n_classes : int
    """

    item_ids: Strings
    item: Whole
    annotator: Whole
    label: Whole
    known: Whole
    n_classes: int

    @cached_property
    def is_known(self) -> npt.NDArray[np.bool_]:
        """Whether each item's class was known beforehand."""
        known: npt.NDArray[np.bool_] = self.known != UNKNOWN
        return known

    @cached_property
    def tells(self) -> npt.NDArray[np.bool_]:
        """Whether each answer says something of its annotator: it can be compared with another."""
        compared: npt.NDArray[np.bool_] = self.is_known | (np.bincount(self.item) > 1)
        return compared[self.item]

    @cached_property
    def of_item(self) -> csr_matrix:
        """Matrix that sums rows of answers by item."""
        return summing(self.item, len(self.item_ids))

    @cached_property
    def of_annotator(self) -> csr_matrix:
        """Matrix that sums rows of answers by annotator."""
        return summing(self.annotator, int(self.annotator.max()) + 1)

    @cached_property
    def of_label(self) -> csr_matrix:
        """Matrix that sums rows of answers by the class that was said."""
        return summing(self.label, self.n_classes)

    @cached_property
    def same(self) -> Whole:
        """Number that answers share in which one annotator said one class."""
        pairs = self.annotator * self.n_classes + self.label
        return np.asarray(np.unique(pairs, return_inverse=True)[1], dtype=np.int64)

    @cached_property
    def of_same(self) -> csr_matrix:
        """Matrix that sums rows of answers by `same`."""
        return summing(self.same, int(self.same.max()) + 1)

    @cached_property
    def votes(self) -> Floats:
        """Share of its answers that give an item each class, shape (n_items, n_classes)."""
        said = np.eye(self.n_classes)[self.label]
        counts = self.of_item @ said
        shares: Floats = counts / counts.sum(axis=1, keepdims=True)
        return shares


def read(votes: pd.DataFrame, classes: Sequence[str], known: Mapping[str, str]) -> Crowd:
    """Turn what `tasks.quality.aggregation._votes.ordered` gives into numbers."""
    item_ids, item = _numbered(votes["task"])
    place = {name: number for number, name in enumerate(classes)}
    truth = [place[known[one]] if one in known else UNKNOWN for one in item_ids]
    return Crowd(
        item_ids=item_ids,
        item=item,
        annotator=_numbered(votes["worker"])[1],
        label=np.array([place[label] for label in votes["label"]], dtype=np.int64),
        known=np.array(truth, dtype=np.int64),
        n_classes=len(classes),
    )


def summing(group: Whole, n_groups: int) -> csr_matrix:
    """Make the matrix that sums rows by group, always in the same order."""
    n = len(group)
    return csr_matrix((np.ones(n), (group, np.arange(n))), shape=(n_groups, n))


def _numbered(names: "pd.Series[Any]") -> tuple[Strings, Whole]:
    found, place = np.unique(names.to_numpy(dtype=object), return_inverse=True)
    return found, place.astype(np.int64)
