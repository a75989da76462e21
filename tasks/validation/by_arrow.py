"""Expectations that Arrow looks at by itself: values that are unique, and regular expressions."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.validation.findings import SHOWN
from tasks.validation.library import great_expectations
from tasks.validation.regexes import arrows

Rows = Any
UNIQUE = "expect_column_values_to_be_unique"


def result(table: pa.Table, expectation: Any, id_column: str) -> Any:
    """Look at a column, and tell it as the library does.

    Parameters
    ----------
    table : pyarrow.Table
        Has the column.
    expectation : Expectation
        Of a type in `REGEXES`, or `UNIQUE`.
    id_column : str
        Names the rows that are not as expected.

    Returns
    -------
    great_expectations ExpectationValidationResult
    """
    great_expectations()
    from great_expectations.core import ExpectationValidationResult

    column = table[expectation.column]
    unexpected = UNEXPECTED[expectation.expectation_type](column, expectation)
    rows = np.flatnonzero(pc.fill_null(unexpected, False).to_numpy(zero_copy_only=False))
    names = list(dict.fromkeys([id_column, expectation.column]))
    first = table.select(names).take(rows[:SHOWN]).to_pylist()
    looked_at = len(column) - column.null_count
    share = len(rows) / looked_at if looked_at else 0.0
    found = {
        "element_count": len(column),
        "unexpected_count": len(rows),
        "missing_count": column.null_count,
        "unexpected_percent": 100 * share,
        "partial_unexpected_list": [row[expectation.column] for row in first],
        "partial_unexpected_index_list": first,
    }
    configuration = expectation.configuration
    success = 1 - share >= configuration.kwargs.get("mostly", 1)
    return ExpectationValidationResult(success, configuration, found, exception_info={})


def _repeated(column: pa.ChunkedArray, _: Any) -> Rows:
    counts = pc.value_counts(column.drop_null())
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    return pc.is_in(column, repeated)


def _no_match(column: pa.ChunkedArray, expectation: Any) -> Rows:
    return pc.invert(_matches(_texts(column), expectation.regex))


def _match(column: pa.ChunkedArray, expectation: Any) -> Rows:
    return _matches(_texts(column), expectation.regex)


def _no_match_of_list(column: pa.ChunkedArray, expectation: Any) -> Rows:
    joined = pc.or_ if expectation.match_on == "any" else pc.and_
    return pc.invert(_all(column, expectation, joined))


def _match_of_list(column: pa.ChunkedArray, expectation: Any) -> Rows:
    return _all(column, expectation, pc.or_)


def _all(column: pa.ChunkedArray, expectation: Any, joined: Callable[[Rows, Rows], Rows]) -> Rows:
    texts = _texts(column)
    return reduce(joined, (_matches(texts, regex) for regex in expectation.regex_list))


def _matches(texts: pa.ChunkedArray, regex: str) -> Rows:
    return pc.match_substring_regex(texts, arrows(regex))


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_string(column.type):
        return column
    chunks = [
        pa.array([None if one is None else str(one) for one in chunk.to_pylist()], pa.string())
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.string())


REGEXES: dict[str, Callable[[pa.ChunkedArray, Any], Rows]] = {
    "expect_column_values_to_match_regex": _no_match,
    "expect_column_values_to_not_match_regex": _match,
    "expect_column_values_to_match_regex_list": _no_match_of_list,
    "expect_column_values_to_not_match_regex_list": _match_of_list,
}
UNEXPECTED = {UNIQUE: _repeated, **REGEXES}
