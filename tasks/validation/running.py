"""Run expectations over a table."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from tasks.domain.files import canonical_json
from tasks.validation.findings import SHOWN
from tasks.validation.library import batch_definition, great_expectations


def validate(
    name: str, table: pa.Table, expectations: Sequence[Any], suite: str, id_column: str
) -> Any:
    """Validate a table that is small enough to be looked at as a whole.

    In two steps, since naming rows doubles the cost and most expectations hold.

    Parameters
    ----------
    name : str
        Of the table.
    table : pyarrow.Table
    expectations : sequence of Expectation
    suite : str
        Its name.
    id_column : str
        Names the rows that are not as expected.

    Returns
    -------
    great_expectations ExpectationSuiteValidationResult
    """
    batch = batch_definition(name).get_batch({"dataframe": _frame(table)})
    result = batch.validate(_suite(suite, expectations), result_format="BASIC")
    failed = {key(one.expectation_config) for one in result.results if not one.success}
    again = [one for one in expectations if key(one.configuration) in failed]
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
    return with_results(result, [*(one for one in result.results if one.success), *shown.results])


def with_results(result: Any, results: Sequence[Any]) -> Any:
    """Put other results in a suite's result."""
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


def key(configuration: Any) -> str:
    """Tell an expectation from others, the same before and after it was run."""
    kwargs = {name: value for name, value in configuration.kwargs.items() if name != "batch_id"}
    return canonical_json([configuration.type, kwargs, configuration.severity])


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
