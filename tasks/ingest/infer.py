"""What a new campaign's columns mean."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.errors import DataError
from tasks.ingest.kinds import Kind, kind_of
from tasks.ingest.source import MADE_ID

ID_NAMES = ("item_id", "id", "uuid", "guid", "key")
LABEL_NAMES = ("label", "class", "target", "y", "category")
MOST_CLASSES, MOST_NUMBERS = 1000, 100


@dataclass(frozen=True)
class Columns:
    """What each column of a source is.

    Attributes
    ----------
    id : str or None
        None where ids are digests of contents.
    label : str or None
    classes : tuple of str
        At least two; sorted, or in the order in which they were given.
    numeric, categorical, text, embedding, image : tuple of str
        Feature columns by kind, in the source's order.
    left_out : mapping of str to str
        Columns that are no features, and why each is none.
    leaks : mapping of str to str
        Of these, the columns that give the class away, and how sure that is.
    confirmed : tuple of str
        Features that may give the class away.
    """

    id: str | None
    label: str | None
    classes: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    text: tuple[str, ...]
    embedding: tuple[str, ...]
    image: tuple[str, ...]
    left_out: Mapping[str, str]
    leaks: Mapping[str, str] = field(default_factory=dict)
    confirmed: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """All feature columns, as params.yaml orders them."""
        return (*self.numeric, *self.categorical, *self.text, *self.embedding, *self.image)


def pick_id(columns: Sequence[str], given: str | None = None) -> str | None:
    """Choose the id column: the given one, one with a usual name, or none.

    Raises
    ------
    DataError
        The given one does not exist.
    """
    return _usual(columns, ID_NAMES) if given is None else _existing(columns, given)


def pick_label(columns: Sequence[str], given: str | None = None) -> str | None:
    """Choose the column of known classes: the given one, one with a usual name, or none.

    Raises
    ------
    DataError
        The given one does not exist.
    """
    return _usual(columns, LABEL_NAMES) if given is None else _existing(columns, given)


def largest_share(labels: pa.ChunkedArray) -> float | None:
    """Give the share of the known classes that is the largest class's; None if none is known."""
    known = pc.value_counts(labels.drop_null()).field("counts")
    return pc.max(known).as_py() / pc.sum(known).as_py() if len(known) else None


def infer(
    table: pa.Table, *, id: str | None, label: str | None, classes: Sequence[str] | None = None
) -> Columns:
    """Find the classes, and the kind of each column.

    Parameters
    ----------
    table : pyarrow.Table
        As `tasks.ingest.source.Source.table` gives it: ids and labels are strings.
    id : str or None
        None if ids are digests, in a column `tasks.ingest.source.MADE_ID`.
    label : str or None
    classes : sequence of str, optional
        All that may be answered; needed where no label column shows them.

    Raises
    ------
    DataError
        The classes cannot be known, are fewer than 2 or more than 1000 or numbers to be predicted,
        a label is outside `classes`, or no column can be a feature.
    """
    found = _classes(table, label, classes)
    kinds = {
        name: _kind(name, table[name], label)
        for name in table.column_names
        if name not in (id or MADE_ID, label)
    }
    left_out = {name: reason for name, (kind, reason) in kinds.items() if kind is None}
    if len(left_out) == len(kinds):
        reasons = ", ".join(f"{name} ({reason})" for name, reason in left_out.items())
        raise DataError(f"no column can be a feature: {reasons or 'there is no other column'}")
    return Columns(
        id=id,
        label=label,
        classes=found,
        numeric=_of_kind(kinds, "numeric"),
        categorical=_of_kind(kinds, "categorical"),
        text=_of_kind(kinds, "text"),
        embedding=_of_kind(kinds, "embedding"),
        image=_of_kind(kinds, "image"),
        left_out=left_out,
    )


def _of_kind(kinds: Mapping[str, tuple[Kind | None, str]], wanted: Kind) -> tuple[str, ...]:
    return tuple(name for name, (kind, _) in kinds.items() if kind == wanted)


def _kind(name: str, column: pa.ChunkedArray, label: str | None) -> tuple[Kind | None, str]:
    if label is not None and name.startswith(f"{label}_"):
        return None, "its name says that it tells the label"
    return kind_of(name, column)


def _classes(table: pa.Table, label: str | None, given: Sequence[str] | None) -> tuple[str, ...]:
    seen = _seen(table, label)
    if given is None:
        return _plausible(seen, label)
    if outside := sorted(seen - set(given)):
        raise DataError(f"column {label!r} holds {outside[0]!r}, which is not among the classes")
    return tuple(given)


def _seen(table: pa.Table, label: str | None) -> set[str]:
    return set() if label is None else set(pc.unique(table[label].drop_null()).to_pylist())


def _plausible(seen: set[str], label: str | None) -> tuple[str, ...]:
    if not seen:
        what = "no column of known classes" if label is None else f"no class in column {label!r}"
        raise DataError(what, fix="name the column with --label or the classes with --classes")
    where = f"column {label!r}"
    if len(seen) == 1:
        raise DataError(
            f"there is only one class, {min(seen)!r}",
            where=where,
            fix="name all classes with --classes",
        )
    if len(seen) > MOST_CLASSES or _are_quantities(seen):
        raise DataError(
            f"holds {len(seen)} different values, such as {min(seen)!r}: no classes",
            where=where,
            fix="name a column of classes with --label",
        )
    return tuple(sorted(seen))


def _are_quantities(seen: set[str]) -> bool:
    try:
        numbers = [float(value.replace(",", ".")) for value in seen]
    except ValueError:
        return False
    if any(number % 1 for number in numbers):
        return True
    are_numbered = max(numbers) - min(numbers) + 1 == len(numbers)
    return len(numbers) > MOST_NUMBERS and not are_numbered


def _usual(columns: Sequence[str], names: Sequence[str]) -> str | None:
    lower = {column.lower(): column for column in reversed(columns)}
    return next((lower[name] for name in names if name in lower), None)


def _existing(columns: Sequence[str], given: str) -> str:
    if given not in columns:
        near = difflib.get_close_matches(given, columns, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(columns)}"
        raise DataError(f"there is no column {given!r}", fix=fix)
    return given
