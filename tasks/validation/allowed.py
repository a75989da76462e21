"""The expectations that a suite may have, and their arguments: all others are refused.

Left out is what reaches beyond the table (queries, other tables, JSON schemas that refer to
addresses), what pandas cannot do, and what takes objects that nobody can check.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.validation import arguments as a

Kinds = Mapping[str, Any]
KEYS = frozenset(
    [
        "type",
        "kwargs",
        "severity",
        "meta",
        "notes",
        "id",
        "description",
        "rendered_content",
        "expectation_context",
    ]
)
"""Of an expectation; only type, kwargs and severity are ever looked at."""
SUITE_KEYS = frozenset(["name", "expectations", "meta", "notes", "id", "suite_parameters"])
SEVERITIES = ("critical", "warning", "info")
CONDITION = frozenset({"row_condition", "condition_parser"})
PARSERS = ("pandas", "great_expectations", "great_expectations__experimental__", "spark", None)


@dataclass(frozen=True)
class Allowed:
    """The arguments of one type of expectation.

    Attributes
    ----------
    needs, may : mapping of str to type
        Those that it must have, and those that it may have.
    conditional : bool
        Whether it may be about some rows only.
    """

    needs: Kinds
    may: Kinds = field(default_factory=dict)
    conditional: bool = True


def _rows(needs: Kinds | None = None, may: Kinds | None = None) -> Allowed:
    """Give what is expected of each row of a column."""
    return Allowed({"column": a.Column, **(needs or {})}, {"mostly": a.Share, **(may or {})})


def _column(needs: Kinds | None = None, may: Kinds | None = None) -> Allowed:
    """Give what is expected of a column as a whole."""
    return Allowed({"column": a.Column, **(needs or {})}, may or {})


def _several(needs: Kinds | None = None, may: Kinds | None = None) -> Allowed:
    """Give what is expected of each row of some columns."""
    more = {"mostly": a.Share, "ignore_row_if": a.Rows, **(may or {})}
    return Allowed({"column_list": a.Columns, **(needs or {})}, more)


def _pair(needs: Kinds | None = None, may: Kinds | None = None) -> Allowed:
    """Give what is expected of each row of two columns."""
    columns = {"column_A": a.Column, "column_B": a.Column}
    more = {"mostly": a.Share, "ignore_row_if": a.PairRows, **(may or {})}
    return Allowed({**columns, **(needs or {})}, more)


def _ends(kind: Any) -> Kinds:
    strict = {"strict_min": a.Flag, "strict_max": a.Flag}
    return {"min_value": kind, "max_value": kind, **strict}


SET = {"value_set": a.Values}
TYPES = {
    "expect_column_to_exist": Allowed({"column": a.Column}, {"column_index": a.WholeEnd}, False),
    "expect_column_values_to_be_null": _rows(),
    "expect_column_values_to_not_be_null": _rows(),
    "expect_column_values_to_be_unique": _rows(),
    "expect_column_values_to_be_json_parseable": _rows(),
    "expect_column_values_to_be_increasing": _rows(may={"strictly": a.Flag}),
    "expect_column_values_to_be_decreasing": _rows(may={"strictly": a.Flag}),
    "expect_column_values_to_be_between": _rows(may=_ends(a.End)),
    "expect_column_values_to_be_in_set": _rows(SET),
    "expect_column_values_to_not_be_in_set": _rows(SET),
    "expect_column_values_to_be_of_type": _rows({"type_": a.Type}),
    "expect_column_values_to_be_in_type_list": _rows({"type_list": a.Types}),
    "expect_column_value_lengths_to_be_between": _rows(may=_ends(a.WholeEnd)),
    "expect_column_value_lengths_to_equal": _rows({"value": a.Number}),
    "expect_column_values_to_match_regex": _rows({"regex": a.Regex}),
    "expect_column_values_to_not_match_regex": _rows({"regex": a.Regex}),
    "expect_column_values_to_match_regex_list": _rows(
        {"regex_list": a.Regexes}, {"match_on": a.AnyOrAll}
    ),
    "expect_column_values_to_not_match_regex_list": _rows({"regex_list": a.Regexes}),
    "expect_column_values_to_match_strftime_format": _rows({"strftime_format": a.Directives}),
    "expect_column_value_z_scores_to_be_less_than": _rows(
        {"threshold": a.Number, "double_sided": a.Flag}
    ),
    "expect_column_values_to_not_be_outliers": _rows(
        may={"method": a.Method, "multiplier": a.Positive}
    ),
    "expect_column_max_to_be_between": _column(may=_ends(a.End)),
    "expect_column_min_to_be_between": _column(may=_ends(a.End)),
    "expect_column_mean_to_be_between": _column(may=_ends(a.NumberEnd)),
    "expect_column_median_to_be_between": _column(may=_ends(a.NumberEnd)),
    "expect_column_stdev_to_be_between": _column(may=_ends(a.NumberEnd)),
    "expect_column_sum_to_be_between": _column(may=_ends(a.NumberEnd)),
    "expect_column_unique_value_count_to_be_between": _column(may=_ends(a.WholeEnd)),
    "expect_column_proportion_of_unique_values_to_be_between": _column(may=_ends(a.NumberEnd)),
    "expect_column_proportion_of_non_null_values_to_be_between": _column(may=_ends(a.NumberEnd)),
    "expect_column_quantile_values_to_be_between": _column(
        {"quantile_ranges": a.Ranges}, {"allow_relative_error": a.Quantile}
    ),
    "expect_column_most_common_value_to_be_in_set": _column(SET, {"ties_okay": a.Flag}),
    "expect_column_distinct_values_to_be_in_set": _column(SET),
    "expect_column_distinct_values_to_contain_set": _column(SET),
    "expect_column_distinct_values_to_equal_set": _column(SET),
    "expect_column_pair_values_to_be_equal": _pair(),
    "expect_column_pair_values_a_to_be_greater_than_b": _pair(may={"or_equal": a.Flag}),
    "expect_column_pair_values_to_be_in_set": _pair({"value_pairs_set": a.Pairs}),
    "expect_compound_columns_to_be_unique": _several(),
    "expect_select_column_values_to_be_unique_within_record": _several(),
    "expect_multicolumn_values_to_be_equal": _several(),
    "expect_multicolumn_sum_to_equal": _several({"sum_total": a.Number}),
    "expect_table_row_count_to_be_between": Allowed({}, _ends(a.WholeEnd)),
    "expect_table_row_count_to_equal": Allowed({"value": a.Whole}),
    "expect_table_column_count_to_be_between": Allowed(
        {}, {"min_value": a.WholeEnd, "max_value": a.WholeEnd}, False
    ),
    "expect_table_column_count_to_equal": Allowed({"value": a.Whole}, {}, False),
    "expect_table_columns_to_match_ordered_list": Allowed({"column_list": a.Columns}, {}, False),
    "expect_table_columns_to_match_set": Allowed(
        {"column_set": a.Columns}, {"exact_match": a.Flag}, False
    ),
}
