"""The tables of a campaign, and how they lie on disk.

Bytes are a function of content alone: fixed schemas, fixed compression, no library's own metadata,
rows in the order that the schema's ``sort`` names.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.domain import parquet
from tasks.domain.errors import DataError
from tasks.domain.files import write_atomic

TEXT, REAL, WHOLE, FLAG = pa.string(), pa.float64(), pa.int64(), pa.bool_()


@dataclass(frozen=True)
class Table:
    """A table's columns, and the total order of its rows."""

    columns: dict[str, pa.DataType]
    sort: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """The same as Arrow's schema."""
        return pa.schema(list(self.columns.items()))

    def empty(self) -> pd.DataFrame:
        """Make a frame with these columns and no row."""
        frame: pd.DataFrame = self.schema.empty_table().to_pandas()
        return frame


DECISIONS = Table(
    {
        "item_id": TEXT,
        "round": WHOLE,
        "rank": WHOLE,
        "strategy": TEXT,
        "score": REAL,
        "cutoff": REAL,
        "selected": FLAG,
        "inclusion_probability": REAL,
        "components": TEXT,
        "class_1": TEXT,
        "probability_1": REAL,
        "class_2": TEXT,
        "probability_2": REAL,
        "reason": TEXT,
        "model_digest": TEXT,
        "pool_digest": TEXT,
    },
    sort=("rank", "item_id"),
)
"""Query decisions: the batch, and the items that came nearest to being in it."""

BATCH = Table(
    {
        "key": TEXT,
        "item_id": TEXT,
        "copy": WHOLE,
        "copies": WHOLE,
        "role": TEXT,
        "payload": TEXT,
        "payload_digest": TEXT,
        "price": REAL,
    },
    sort=("role", "item_id", "copy"),
)
"""What is sent: one task per item, that asks for `copies` answers, of which the first is number
`copy` over the campaign; `role` is query, gold, holdout or requeue; `price` is of one answer."""

SENT = Table(
    {
        "key": TEXT,
        "item_id": TEXT,
        "copy": WHOLE,
        "copies": WHOLE,
        "role": TEXT,
        "round": WHOLE,
        "leg": WHOLE,
        "vendor": TEXT,
        "payload_digest": TEXT,
        "price": REAL,
        "withdrawn": WHOLE,
        "rejected": FLAG,
    },
    sort=("round", "leg", "role", "item_id", "copy"),
)
"""Every task ever sent, without what was in it.

`leg` is 2 where a round's fallback vendor was asked; `withdrawn` counts the answers that are not
wanted any more; a `rejected` task is one that the vendor did not take.
"""

ANSWERS = Table(
    {
        "answer_id": TEXT,
        "key": TEXT,
        "item_id": TEXT,
        "round": WHOLE,
        "role": TEXT,
        "vendor": TEXT,
        "annotator_id": TEXT,
        "label": TEXT,
        "answered_at": TEXT,
        "seconds": REAL,
        "revision": WHOLE,
        "price": REAL,
        "late": FLAG,
    },
    sort=("round", "item_id", "answer_id", "revision"),
)
"""Every answer of every round so far, with all its revisions; `round` is the one that asked; a
revision without a label takes the answer back, and costs nothing."""

QUARANTINE = Table(
    {
        "round": WHOLE,
        "page": WHOLE,
        "position": WHOLE,
        "item_id": TEXT,
        "place": TEXT,
        "reason": TEXT,
        "fix": TEXT,
        "record": TEXT,
    },
    sort=("round", "page", "position"),
)
"""What a vendor sent that can be no answer: which item it is about, if that is known, where people
find it at the vendor, why it is no answer, what to do, and the record as it came (JSON)."""

LABELS = Table(
    {
        "item_id": TEXT,
        "label": TEXT,
        "confidence": REAL,
        "status": TEXT,
        "role": TEXT,
        "n_answers": WHOLE,
        "answer_ids": pa.list_(TEXT),
        "aggregator": TEXT,
        "round": WHOLE,
    },
    sort=("item_id",),
)
"""What the campaign believes; `role` is query, requeue, holdout, seed or imported; `status` is
labelled, low_confidence (another answer is due) or returned (back in the pool); `round` is the one
that first gave the item a label."""

IMPORTED = Table(
    {
        "item_id": TEXT,
        "label": TEXT,
        "confidence": REAL,
        "annotator_id": TEXT,
        "source": TEXT,
        "file": TEXT,
        "row": WHOLE,
    },
    sort=("item_id",),
)
"""Labels that were imported at once: whose they are, and the file and row that they stood in."""

ANNOTATORS = Table(
    {
        "annotator_id": TEXT,
        "n_answers": WHOLE,
        "n_gold": WHOLE,
        "gold_accuracy": REAL,
        "agreement": REAL,
        "median_seconds": REAL,
    },
    sort=("annotator_id",),
)
"""Who answered: accuracy on gold, and the share of answers that equal what most others said."""

TRUTH = Table({"item_id": TEXT, "label": TEXT}, sort=("item_id",))
"""Known classes, which only the simulated vendor may see."""

PREDICTIONS = Table(
    {
        "item_id": TEXT,
        "label": TEXT,
        "predicted": TEXT,
        "probability": REAL,
        "probability_of_label": REAL,
    },
    sort=("item_id",),
)
"""What the snapshot's model says of the holdout items that have a label."""

HOLDOUT_PREDICTIONS = Table(
    {"round": WHOLE, "item_id": TEXT, "label": TEXT}, sort=("round", "item_id")
)
"""What the model of every round so far says of every item of the holdout, in a column
``probability/<class>`` for each class; `label` is what was believed then, if anything was."""


def write(path: Path, frame: pd.DataFrame, table: Table) -> None:
    """Write a frame as `table` says.

    Raises
    ------
    pyarrow.ArrowInvalid
        A value does not fit its column's type.
    """
    ordered = frame.sort_values(list(table.sort), kind="stable")[list(table.columns)]
    write_items(path, pa.Table.from_pandas(ordered, table.schema, preserve_index=False))


def write_items(path: Path, arrow: pa.Table) -> None:
    """Write an Arrow table whose columns only its campaign knows, such as the pool."""
    sink = io.BytesIO()
    pq.write_table(arrow.replace_schema_metadata(None), sink, compression="zstd")
    write_atomic(path, sink.getvalue())


def read(path: Path) -> pd.DataFrame:
    """Read a table of a campaign.

    Raises
    ------
    DataError
        The file is missing, cut short, or not parquet.
    """
    if not path.exists():
        fix = "restore it with `dvc checkout`"
        raise DataError("is missing", where=str(path), fix=fix)
    try:
        frame: pd.DataFrame = parquet.read(path).to_pandas()
    except DataError as error:
        fix = "restore it with `dvc checkout --force`"
        raise DataError(error.what, where=str(path), fix=fix) from error
    return frame
