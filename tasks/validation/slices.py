"""Run a suite over a table, in slices where the table is large."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.validation.derived import with_derived
from tasks.validation.findings import SHOWN
from tasks.validation.library import great_expectations
from tasks.validation.running import key, validate, with_results
from tasks.validation.suites import Suite

SLICE = 1_000_000
UNIQUE = "expect_column_values_to_be_unique"
WHOLE_COLUMN = {
    UNIQUE,
    "expect_compound_columns_to_be_unique",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_decreasing",
    "expect_column_values_to_not_be_outliers",
    "expect_column_value_z_scores_to_be_less_than",
}
"""What cannot be told of a row without the other rows."""


def run(name: str, table: pa.Table, suite: Suite, id_column: str) -> Any:
    """Validate a table.

    Parameters
    ----------
    name : str
        Of the table.
    table : pyarrow.Table, n rows
    suite : Suite
    id_column : str
        Names the rows that are not as expected.

    Returns
    -------
    great_expectations ExpectationSuiteValidationResult
        Above `SLICE` rows, what is expected of each row is checked slice by slice and counted up,
        unique values are counted in Arrow, and only the columns that another expectation names
        are in memory as a whole.
    """
    table = with_derived(table)
    if table.num_rows <= SLICE:
        return validate(name, table, suite.expectations, suite.name, id_column)
    rowwise, unique, others = _sorted_out(suite.expectations, table.column_names)
    parts = [
        validate(name, table.slice(start, SLICE), rowwise, suite.name, id_column)
        for start in range(0, table.num_rows, SLICE)
    ]
    merged = [*_merged(parts), *(_unique(table, one, id_column) for one in unique)]
    if others:
        needed = table.select(_named(table, others, id_column))
        merged += validate(name, needed, others, suite.name, id_column).results
    return with_results(parts[0], merged)


def _sorted_out(
    expectations: Sequence[Any], columns: Sequence[str]
) -> tuple[list[Any], list[Any], list[Any]]:
    """Part what is expected of rows, of unique values, and of columns or tables as a whole."""
    rowwise: list[Any] = []
    unique: list[Any] = []
    others: list[Any] = []
    for one in expectations:
        countable = one.expectation_type == UNIQUE and one.column in columns
        (rowwise if _is_by_row(one) else unique if countable else others).append(one)
    return rowwise, unique, others


def _is_by_row(expectation: Any) -> bool:
    great_expectations()
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    name = expectation.expectation_type
    maps = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    return name == "expect_column_to_exist" or (
        isinstance(expectation, maps) and name not in WHOLE_COLUMN
    )


def _named(table: pa.Table, expectations: Sequence[Any], id_column: str) -> list[str]:
    """List the columns that expectations name, or all where one is about the table itself."""
    columns: list[str] = table.column_names
    if any(one.expectation_type.startswith("expect_table_") for one in expectations):
        return columns
    wanted = {id_column}.union(*(_columns(one.configuration.kwargs) for one in expectations))
    return [column for column in columns if column in wanted]


def _columns(arguments: Mapping[str, Any]) -> set[str]:
    single = {arguments[name] for name in ("column", "column_A", "column_B") if name in arguments}
    return single.union(arguments.get("column_list", ()))


def _unique(table: pa.Table, expectation: Any, id_column: str) -> Any:
    great_expectations()
    from great_expectations.core import ExpectationValidationResult

    column = table[expectation.column]
    counts = pc.value_counts(column.drop_null())
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    rows = np.flatnonzero(pc.is_in(column, repeated).to_numpy())
    first = table.select([id_column, expectation.column]).take(rows[:SHOWN]).to_pylist()
    result = {
        "element_count": len(column),
        "unexpected_count": len(rows),
        "missing_count": column.null_count,
        "partial_unexpected_list": [row[expectation.column] for row in first],
        "partial_unexpected_index_list": first,
    }
    configuration = expectation.configuration
    return _sum([ExpectationValidationResult(True, configuration, result, exception_info={})])


def _merged(parts: Sequence[Any]) -> list[Any]:
    by_key = [{key(one.expectation_config): one for one in part.results} for part in parts]
    return [_sum([part[which] for part in by_key]) for which in by_key[0]]


def _sum(results: Sequence[Any]) -> Any:
    total = next((one for one in results if not one.success), results[0])
    if any("unexpected_count" not in one.result for one in results):
        total.success = all(one.success for one in results)
        return total
    summed = {
        name: sum(one.result.get(name, 0) for one in results)
        for name in ("element_count", "unexpected_count", "missing_count")
    }
    for name in ("partial_unexpected_list", "partial_unexpected_index_list"):
        first = [value for one in results for value in one.result.get(name) or []]
        total.result[name] = first[:SHOWN]
    looked_at = summed["element_count"] - summed["missing_count"]
    share = summed["unexpected_count"] / looked_at if looked_at else 0.0
    total.result |= summed | {"unexpected_percent": 100 * share}
    total.success = 1 - share >= total.expectation_config.kwargs.get("mostly", 1)
    return total
