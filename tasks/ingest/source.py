"""A campaign's items, from files or from an example, as one table."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tasks.domain.errors import DataError
from tasks.domain.expansion import MOST
from tasks.ingest import contents, example, text_types
from tasks.ingest.ids import as_ids, require_unique
from tasks.ingest.labels import as_classes
from tasks.ingest.plain import plain
from tasks.ingest.readers import read
from tasks.ingest.shards import Shard

EXAMPLE = "example:"
MADE_ID = "item_id"
"""The column of ids that are digests of contents."""


@dataclass(frozen=True)
class Found:
    """All items of a source.

    Attributes
    ----------
    table : pyarrow.Table
        Ids and labels are strings, null where a label is not known; in file order.
    remarks : tuple of str
        What had to be guessed or left out, for people to judge.
    """

    table: pa.Table
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Items as they were found.

    Attributes
    ----------
    name : str
        As errors call it.
    shards : tuple of Shard
        At least one, all with the same column names.
    """

    name: str
    shards: tuple[Shard, ...]

    @property
    def columns(self) -> list[str]:
        """The column names, in the order of the first file."""
        return list(self.shards[0].table.column_names)

    def table(self, *, id: str | None, label: str | None = None) -> pa.Table:
        """Give all items as one table; as `read`."""
        return self.read(id=id, label=label).table

    def read(self, *, id: str | None, label: str | None = None) -> Found:
        """Put all items together.

        Parameters
        ----------
        id : str or None
            Column of ids; given back as strings, CSV's exactly as written. None to make digests of
            the items' contents, in a column `MADE_ID`.
        label : str, optional
            Column of known classes; given back as strings, null where not known.

        Raises
        ------
        DataError
            No such column, types that do not agree between files, or ids or labels that cannot be.
        """
        for column in (id, label):
            self._require(column)
        if id is None and MADE_ID in self.columns:
            fix = f"set pool.id to {MADE_ID}, or rename the column"
            what = f"has a column {MADE_ID!r} that is not the id"
            raise DataError(what, where=self.name, fix=fix)
        tables = [
            _strings(table, shard.name, id, label)
            for shard, table in zip(self.shards, _typed(self.shards, [id, label]), strict=True)
        ]
        if id is None:
            tables = [
                table.append_column(MADE_ID, contents.digests(shard.table, [label]))
                for shard, table in zip(self.shards, tables, strict=True)
            ]
        joined = _joined([shard.name for shard in self.shards], tables)
        remarks = [remark for shard in self.shards for remark in shard.remarks]
        if id is None:
            joined, more = contents.once(joined, MADE_ID, label, self.name)
            return Found(joined, (*remarks, *more))
        lengths = [(shard.name, shard.table.num_rows) for shard in self.shards]
        require_unique(joined[id], id, lengths)
        return Found(joined, tuple(remarks))

    def _require(self, column: str | None) -> None:
        if column is not None and column not in self.columns:
            near = difflib.get_close_matches(column, self.columns, n=1)
            known = ", ".join(self.columns)
            fix = f"did you mean {near[0]!r}?" if near else f"it has {known}"
            raise DataError(f"has no column {column!r}", where=self.name, fix=fix)


def open_source(source: str, root: Path, most: int = MOST) -> Source:
    """Read a source as ``pool.source`` names it.

    Parameters
    ----------
    source : str
        A file or a folder, relative to `root` or absolute, or ``example:digits``.
    root : Path
        The campaign's directory.
    most : int
        Bytes that all of it may unpack to.

    Raises
    ------
    DataError
        As `tasks.ingest.readers.read`; no such example; files whose columns differ.
    """
    if source.startswith(EXAMPLE):
        frame = example.load(source.removeprefix(EXAMPLE))
        table = plain(pa.Table.from_pandas(frame, preserve_index=False))
        return Source(source, (Shard(source, table, typed=True),))
    shards = read(root / source, most)
    _require_same_columns(shards)
    return Source(source, tuple(shards))


def _require_same_columns(shards: Sequence[Shard]) -> None:
    first = shards[0]
    for shard in shards[1:]:
        ours, theirs = first.table.column_names, shard.table.column_names
        for column in ours:
            if column not in theirs:
                raise DataError(f"has no column {column!r}; {first.name} has", where=shard.name)
        for column in theirs:
            if column not in ours:
                raise DataError(f"has a column {column!r}; {first.name} has not", where=shard.name)


def _typed(shards: Sequence[Shard], keep: Sequence[str | None]) -> list[pa.Table]:
    texts = [shard.table for shard in shards if not shard.typed]
    semicolons = [shard.semicolons for shard in shards if not shard.typed]
    known = iter(text_types.typed(texts, keep, semicolons) if texts else [])
    return [shard.table if shard.typed else next(known) for shard in shards]


def _strings(table: pa.Table, where: str, id: str | None, label: str | None) -> pa.Table:
    if id is not None:
        table = _with_column(table, id, as_ids(table[id], id, where))
    if label is None:
        return table
    return _with_column(table, label, as_classes(table[label], label, where))


def _with_column(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _joined(names: Sequence[str], tables: Sequence[pa.Table]) -> pa.Table:
    columns = tables[0].column_names
    for column in columns:
        _require_one_type(names, [table.schema.field(column) for table in tables])
    ordered = [table.select(columns) for table in tables]
    return pa.concat_tables(ordered, promote_options="permissive")


def _require_one_type(names: Sequence[str], fields: Sequence[pa.Field]) -> None:
    merged = pa.schema([fields[0]])
    for name, field in zip(names, fields, strict=True):
        try:
            merged = pa.unify_schemas([merged, pa.schema([field])], promote_options="permissive")
        except pa.ArrowTypeError:
            raise DataError(
                f"column {field.name!r} holds {field.type}, and {merged.field(0).type} in the "
                "files before",
                where=name,
            ) from None
