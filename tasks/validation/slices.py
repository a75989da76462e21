"""Run a suite over a table, in slices where the table is large."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tasks.validation import by_arrow
from tasks.validation.condition_rows import holds
from tasks.validation.conditions import Condition, written
from tasks.validation.derived import with_derived
from tasks.validation.findings import SHOWN
from tasks.validation.library import great_expectations
from tasks.validation.running import key, validate, with_results
from tasks.validation.suites import Suite

SLICE = 1_000_000
WHOLE_COLUMN = {
    by_arrow.UNIQUE,
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
        What is about some rows is looked at in a table of these rows alone. Above `SLICE` rows,
        what is expected of each row is checked slice by slice and counted up, unique values are
        counted in Arrow, and only the columns that another expectation names are in memory as a
        whole.

    Raises
    ------
    DataError
        A condition names a column that there is not, or compares it with what it cannot be.
    """
    table = with_derived(table)
    whole = _validated(name, table, suite.of_all_rows, suite.name, id_column)
    results = list(whole.results)
    for condition, expectations in suite.of_some_rows.items():
        rows = _rows_of(table, condition, expectations, id_column)
        part = _validated(name, rows, expectations, suite.name, id_column).results
        for one in part:
            one.expectation_config.kwargs["row_condition"] = written(condition)
        results += part
    return with_results(whole, results)


def _rows_of(
    table: pa.Table, condition: Condition, expectations: Sequence[Any], id_column: str
) -> pa.Table:
    named = _named(table, expectations, id_column)
    return table.select(named).filter(holds(table, condition))


def _validated(
    name: str, table: pa.Table, expectations: Sequence[Any], suite: str, id_column: str
) -> Any:
    is_large = table.num_rows > SLICE
    in_arrow, rest = _parted(expectations, lambda one: _is_for_arrow(one, table, is_large))
    rowwise, others = _parted(rest, lambda one: not is_large or _is_by_row(one))
    parts = [
        validate(name, table.slice(start, SLICE), rowwise, suite, id_column)
        for start in range(0, max(1, table.num_rows), SLICE)
    ]
    merged = parts[0].results if len(parts) == 1 else _merged(parts)
    merged = [*merged, *(by_arrow.result(table, one, id_column) for one in in_arrow)]
    if others:
        needed = table.select(_named(table, others, id_column))
        merged += validate(name, needed, others, suite, id_column).results
    return with_results(parts[0], merged)


def _parted(
    expectations: Sequence[Any], first: Callable[[Any], bool]
) -> tuple[list[Any], list[Any]]:
    parts: tuple[list[Any], list[Any]] = [], []
    for one in expectations:
        parts[0 if first(one) else 1].append(one)
    return parts


def _is_for_arrow(expectation: Any, table: pa.Table, is_large: bool) -> bool:
    """Whether Arrow looks at it; the library tells of columns that there are not."""
    kinds = {*by_arrow.REGEXES, *([by_arrow.UNIQUE] if is_large else [])}
    return expectation.expectation_type in kinds and expectation.column in table.column_names


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
