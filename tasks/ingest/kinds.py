"""What kind of feature a column is, by its values and its name."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ingest.plain import is_list

Kind = Literal["numeric", "categorical", "text", "embedding", "image"]
SPLITS = {"split", "fold", "subset", "partition"}
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
FEW, MANY = 20, 1000
SMALLEST_SIDE = 4
LONG, WORDS = 40, 3


def kind_of(name: str, column: pa.ChunkedArray) -> tuple[Kind | None, str]:
    """Say what kind of feature a column is, or that it is none and why."""
    values = column.drop_null()
    if name.lower() in SPLITS:
        return None, "its name says that it splits the data"
    if not len(values):
        return None, "empty"
    kind = column.type
    if is_list(kind):
        return _of_lists(name, values)
    if pa.types.is_binary(kind):
        return _of_bytes(values)
    if pa.types.is_string(kind):
        return _of_strings(values)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _of_scalars(values)
    return None, "dates" if pa.types.is_temporal(kind) else f"holds {kind}"


def _of_scalars(values: pa.ChunkedArray) -> tuple[Kind | None, str]:
    if pc.count_distinct(values).as_py() == 1:
        return None, "constant"
    if pa.types.is_boolean(values.type):
        return "categorical", ""
    if pa.types.is_integer(values.type) and _counts_up(values):
        return None, "row numbers"
    return "numeric", ""


def _counts_up(values: pa.ChunkedArray) -> bool:
    numbers = values.to_numpy()
    return len(numbers) > FEW and bool((np.diff(numbers.astype(np.int64)) == 1).all())


def _of_strings(values: pa.ChunkedArray) -> tuple[Kind | None, str]:
    distinct, total = pc.count_distinct(values).as_py(), len(values)
    if distinct == 1:
        return None, "constant"
    if _are_dates(values):
        return None, "dates"
    if (distinct <= FEW and 2 * distinct <= total) or (
        distinct <= MANY and FEW * distinct <= total
    ):
        return "categorical", ""
    words = pc.add(pc.count_substring_regex(values, r"\s+"), 1)
    if pc.mean(words).as_py() >= WORDS or pc.mean(pc.utf8_length(values)).as_py() > LONG:
        return "text", ""
    return None, "many different short strings"


def _are_dates(values: pa.ChunkedArray) -> bool:
    try:
        pc.cast(values.slice(0, MANY), pa.timestamp("us"))
    except pa.ArrowInvalid:
        return False
    return True


def _of_lists(name: str, values: pa.ChunkedArray) -> tuple[Kind | None, str]:
    lengths, inner = pc.unique(pc.list_value_length(values)), values.type.value_type
    if len(lengths) != 1:
        return None, "lists of different lengths"
    length = lengths[0].as_py()
    if not length or not (pa.types.is_integer(inner) or pa.types.is_floating(inner)):
        return None, f"lists of {length} {inner}"
    if _named(name, ("pixel", "image")) and _side(length):
        return "image", ""
    if _named(name, ("embedding", "vector")) or pa.types.is_floating(inner):
        return "embedding", ""
    return ("image", "") if _side(length) else ("embedding", "")


def _of_bytes(values: pa.ChunkedArray) -> tuple[Kind | None, str]:
    if bytes(values[0].as_py()).startswith(PICTURES):
        return "image", ""
    lengths = pc.unique(pc.binary_length(values))
    if len(lengths) == 1 and _side(lengths[0].as_py()):
        return "image", ""
    return None, "bytes that are no PNG, JPEG or square image"


def _side(length: int) -> int:
    """Give the side of a square image of so many pixels, or 0 if there is none."""
    side = round(length**0.5)
    return side if side >= SMALLEST_SIDE and side * side == length else 0


def _named(name: str, words: Sequence[str]) -> bool:
    return any(word in name.lower() for word in words)
