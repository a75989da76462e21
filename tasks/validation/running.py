"""Run suites over tables, in slices where a table is large."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.domain.files import canonical_json
from tasks.validation.derived import with_derived
from tasks.validation.findings import SHOWN
from tasks.validation.library import batch_definition, great_expectations
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
        Of the table, as Data Docs call it.
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
        return _validate(name, table, suite.expectations, suite.name, id_column)
    rowwise, unique, others = _sorted_out(suite.expectations, table.column_names)
    parts = [
        _validate(name, table.slice(start, SLICE), rowwise, suite.name, id_column)
        for start in range(0, table.num_rows, SLICE)
    ]
    merged = [*_merged(parts), *(_unique(table, one, id_column) for one in unique)]
    if others:
        needed = table.select(_named(table, others, id_column))
        merged += _validate(name, needed, others, suite.name, id_column).results
    return _with_results(parts[0], merged)


def _sorted_out(
    expectations: Sequence[Any], columns: Sequence[str]
) -> tuple[list[Any], list[Any], list[Any]]:
    """Part what is expected of rows, of unique values, and of columns or tables as a whole."""
    rowwise = [one for one in expectations if _is_by_row(one)]
    unique = [one for one in expectations if one.expectation_type == UNIQUE]
    unique = [one for one in unique if one.column in columns]
    others = [one for one in expectations if one not in rowwise and one not in unique]
    return rowwise, unique, others


def _validate(
    name: str, table: pa.Table, expectations: Sequence[Any], suite: str, id_column: str
) -> Any:
    """Validate in two steps, since naming rows doubles the cost and most expectations hold."""
    batch = batch_definition(name).get_batch({"dataframe": _frame(table)})
    result = batch.validate(_suite(suite, expectations), result_format="BASIC")
    failed = {_key(one.expectation_config) for one in result.results if not one.success}
    again = [one for one in expectations if _key(one.configuration) in failed]
    if not again:
        return result
    shown = batch.validate(
        _suite(suite, again),
        result_format={
            "result_format": "SUMMARY",
            "partial_unexpected_count": SHOWN,
            "unexpected_index_column_names": [id_column],
        },
    )
    return _with_results(result, [*(one for one in result.results if one.success), *shown.results])


def _suite(name: str, expectations: Sequence[Any]) -> Any:
    return great_expectations().ExpectationSuite(name, expectations=list(expectations))


def _frame(table: pa.Table) -> pd.DataFrame:
    """Give a frame of the few types that the library knows and is fast with.

    It has no name for pandas' own string type, and compares numbers that are not of 64 bits one by
    one.
    """
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype({name: _wide(kind) for name, kind in frame.dtypes.items()})


def _wide(kind: Any) -> Any:
    if kind == "str":
        return object
    wide = {"i": "int64", "u": "int64", "f": "float64"}.get(kind.kind, kind)
    return wide if kind.itemsize < 8 else kind


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
    columns = set(table.column_names)
    named = [_columns(one.configuration.kwargs) & columns for one in expectations]
    wanted = {id_column}.union(*named) if all(named) else columns
    return [column for column in table.column_names if column in wanted]


def _columns(arguments: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for key, value in arguments.items():
        if key.startswith("column"):
            found |= {value} if isinstance(value, str) else set(value)
    return found


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
    by_key = [{_key(one.expectation_config): one for one in part.results} for part in parts]
    return [_sum([part[key] for part in by_key]) for key in by_key[0]]


def _key(configuration: Any) -> str:
    kwargs = {key: value for key, value in configuration.kwargs.items() if key != "batch_id"}
    return canonical_json([configuration.type, kwargs, configuration.severity])


def _sum(results: Sequence[Any]) -> Any:
    total = next((one for one in results if not one.success), results[0])
    if any("unexpected_count" not in one.result for one in results):
        total.success = all(one.success for one in results)
        return total
    summed = {
        key: sum(one.result.get(key, 0) for one in results)
        for key in ("element_count", "unexpected_count", "missing_count")
    }
    for key in ("partial_unexpected_list", "partial_unexpected_index_list"):
        first = [value for one in results for value in one.result.get(key) or []]
        total.result[key] = first[:SHOWN]
    looked_at = summed["element_count"] - summed["missing_count"]
    share = summed["unexpected_count"] / looked_at if looked_at else 0.0
    total.result |= summed | {"unexpected_percent": 100 * share}
    total.success = 1 - share >= total.expectation_config.kwargs.get("mostly", 1)
    return total


def _with_results(result: Any, results: Sequence[Any]) -> Any:
    result.results = list(results)
    result.success = all(one.success for one in results)
    good = sum(bool(one.success) for one in results)
    result.statistics |= {
        "evaluated_expectations": len(results),
        "successful_expectations": good,
        "unsuccessful_expectations": len(results) - good,
        "success_percent": 100 * good / max(1, len(results)),
    }
    return result
