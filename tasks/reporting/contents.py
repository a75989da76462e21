"""What is in items, read from the pool: only the rows and columns that the page shows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from tasks.domain.errors import DataError
from tasks.params import Params
from tasks.reporting import pictures
from tasks.reporting.data import Content, Picture
from tasks.reporting.formats import shortened

TEXTS, FIELDS = 2, 4
SNIPPET, VALUE = 280, 60


@dataclass(frozen=True)
class Columns:
    """The columns of the pool that are shown."""

    image: str | None
    texts: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [*([self.image] if self.image else []), *self.texts, *self.fields]


def read(pool: Path, params: Params, item_ids: Collection[str]) -> dict[str, Content]:
    """Read some items of the pool; those that it does not have are left out.

    Raises
    ------
    DataError
        The pool is missing or not parquet.
    """
    if not item_ids:
        return {}
    try:
        source = ds.dataset(pool)
        columns = choose(params, source.schema)
        wanted = ds.field("item_id").isin(sorted(item_ids))
        rows = source.to_table(["item_id", *columns.names], filter=wanted).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"cannot be read ({str(error).splitlines()[0]})",
            where=str(pool),
            fix="restore it with `dvc checkout`",
        ) from error
    shown = _pictures(rows, columns.image)
    return {row["item_id"]: _content(row, columns, shown.get(row["item_id"])) for row in rows}


def choose(params: Params, schema: pa.Schema) -> Columns:
    """Choose the columns that tell a person most: what annotators see, then features."""
    there = {name: schema.field(name).type for name in schema.names}
    features, sent = params.features, [name for name in params.vendor.send if name in there]
    binary = [name for name in sent if _is_binary(there[name])]
    images = [*(name for name in features.image if name in there), *binary]
    texts = [name for name in features.text if name in there][:TEXTS]
    rest = dict.fromkeys([*sent, *features.categorical, *features.numeric])
    taken = {"item_id", *images, *texts}
    fields = [name for name in rest if name not in taken and _is_plain(there.get(name))]
    return Columns(images[0] if images else None, tuple(texts), tuple(fields[:FIELDS]))


def _pictures(rows: list[dict[str, Any]], column: str | None) -> dict[str, Picture]:
    if column is None:
        return {}
    values = {row["item_id"]: row[column] for row in rows if row[column] is not None}
    files = {key: value for key, value in values.items() if pictures.is_encoded(value)}
    arrays = {key: pictures.pixels(value) for key, value in values.items() if key not in files}
    images = {key: image for key, image in arrays.items() if image is not None}
    scale = pictures.scale(images.values()) if images else None
    drawn = {key: pictures.draw(image, scale) for key, image in images.items() if scale}
    small = {key: pictures.encoded(value) for key, value in files.items()}
    return drawn | {key: picture for key, picture in small.items() if picture}


def _content(row: Mapping[str, Any], columns: Columns, picture: Picture | None) -> Content:
    texts = (row[name] for name in columns.texts if row[name] is not None)
    fields = ((name, row[name]) for name in columns.fields if row[name] is not None)
    return Content(
        picture,
        tuple(shortened(str(text), SNIPPET) for text in texts),
        tuple((name, shortened(_plain(value), VALUE)) for name, value in fields),
    )


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _is_binary(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_plain(kind: pa.DataType | None) -> bool:
    return kind is not None and not (pa.types.is_nested(kind) or _is_binary(kind))
