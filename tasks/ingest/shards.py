"""One file's rows."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Shard:
    """One file's rows.

    Attributes
    ----------
    name : str
        As errors call it.
    table : pyarrow.Table
    typed : bool
        False where the file holds only text (CSV, workbooks): every column is a string.
    semicolons : bool
        Its cells have semicolons between them, as where people write 1,5 for one and a half.
    remarks : tuple of str
        What its reader had to guess, for people to judge.
    """

    name: str
    table: pa.Table
    typed: bool
    semicolons: bool = False
    remarks: tuple[str, ...] = ()
