import json
import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.errors import DataError
from tasks.validation import allowed, findings, slices, suites
from tasks.validation import arguments as a
from tasks.validation.library import great_expectations
from tasks.validation.regexes import arrows

EXAMPLES: dict[Any, Any] = {
    a.Column: "x",
    a.Columns: ["x", "y"],
    a.Values: [1, 2],
    a.Type: "int64",
    a.Types: ["int64", "str"],
    a.Number: 3,
    a.Whole: 3,
    a.Regex: r"^\d+$",
    a.Regexes: ["1", "2"],
    a.Directives: "%Y-%m-%d",
    a.Ranges: {"quantiles": [0.1, 0.9], "value_ranges": [[0, 1], [None, 9]]},
    a.Pairs: [[1, 2], [3, 4]],
    a.Flag: True,
    a.Share: 0.5,
}
REFUSED = {
    "unexpected_rows_expectation",
    "expect_query_results_to_match_comparison",
    "expect_table_row_count_to_equal_other_table",
    "expect_column_kl_divergence_to_be_less_than",
    "expect_column_values_to_match_json_schema",
    "expect_column_values_to_be_dateutil_parseable",
    "expect_column_values_to_match_like_pattern",
    "expect_column_values_to_match_like_pattern_list",
    "expect_column_values_to_not_match_like_pattern",
    "expect_column_values_to_not_match_like_pattern_list",
    "expect_column_type_to_be",
}
"""What reaches beyond the table, or pandas cannot do, or no one can check."""
TABLE = pa.table({"item_id": ["a", "b", "c"], "x": [1, 2, 3], "y": [4, 5, 6], "c": ["u", "v", ""]})


def suite(*expectations: Any) -> str:
    return json.dumps({"name": "pool", "expectations": expectations})


def smallest(kind: str) -> dict[str, Any]:
    form = allowed.TYPES[kind]
    end = {"min_value": 0} if "min_value" in form.may else {}
    return {"type": kind, "kwargs": {name: EXAMPLES[of] for name, of in form.needs.items()} | end}


def test_each_type_of_the_library_is_allowed_or_refused() -> None:
    great_expectations()
    from great_expectations.expectations.registry import (
        list_registered_expectation_implementations,
    )

    assert {*allowed.TYPES, *REFUSED} == set(list_registered_expectation_implementations())
    assert not REFUSED & set(allowed.TYPES)


def test_each_allowed_type_can_be_asked_for() -> None:
    conditional = [
        {**one, "kwargs": {**one["kwargs"], "row_condition": "x > 1"}}
        for one in map(smallest, allowed.TYPES)
        if allowed.TYPES[one["type"]].conditional
    ]
    asked = suites.parse(suite(*map(smallest, allowed.TYPES), *conditional), "pool")
    found = findings.of_result("pool", slices.run("pool", TABLE, asked, "item_id"), "item_id")
    assert len(found) == len(allowed.TYPES) + len(conditional)
    assert {one.expectation for one in found} == set(allowed.TYPES)
    assert sum("row_condition" in one.detail for one in found) == len(conditional)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"column": 3}, "argument 'column': must be text"),
        ({"column": {"$PARAMETER": "x"}}, "argument 'column': must be text"),
        ({"min_value": {"$PARAMETER": "x"}}, "argument 'min_value'"),
        ({"min_value": [1]}, "argument 'min_value'"),
        ({"mostly": 2}, "argument 'mostly': must be at most 1"),
        ({"result_format": {"result_format": "COMPLETE"}}, "'result_format' is not permitted"),
        ({"windows": []}, "argument 'windows' is not permitted"),
        ({"batch_id": "x"}, "argument 'batch_id' is not permitted"),
        ({"row_condition": "x > 1", "condition_parser": "python"}, "condition_parser"),
        ({"row_condition": 5}, "row_condition: is no text"),
    ],
)
def test_other_arguments_are_refused(change: dict[str, Any], words: str) -> None:
    one = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "x", "min_value": 0, **change},
    }
    with pytest.raises(DataError) as caught:
        suites.parse(suite(one), "pool")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("expect_column_values_to_match_regex", {"regex": "(?=a)b"}, "no regular expression"),
        ("expect_column_values_to_match_regex", {"regex": "("}, "no regular expression"),
        ("expect_column_values_to_match_regex", {"regex": "((a{30}){30}){30}"}, "no regular"),
        ("expect_column_values_to_match_regex", {"regex": "a" * 1001}, "at most 1000"),
        ("expect_column_values_to_be_of_type", {"type_": "io"}, "no known type: 'io'"),
        ("expect_column_values_to_be_in_type_list", {"type_list": ["__doc__"]}, "no known type"),
        (
            "expect_column_values_to_match_strftime_format",
            {"strftime_format": "%999999999d"},
            "directive",
        ),
        (
            "expect_column_quantile_values_to_be_between",
            {"quantile_ranges": {"quantiles": [0.5], "value_ranges": []}},
            "not as many",
        ),
        (
            "expect_column_quantile_values_to_be_between",
            {"quantile_ranges": {"quantiles": [0.5], "others": []}},
            "quantile_ranges",
        ),
    ],
)
def test_arguments_that_do_harm_are_refused(
    kind: str, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError) as caught:
        suites.parse(suite({"type": kind, "kwargs": {"column": "x", **arguments}}), "pool")
    assert words in str(caught.value)


def test_a_suite_has_no_parameters_and_no_keys_of_others() -> None:
    for more in ({"suite_parameters": {"x": 1}}, {"plugins": []}):
        with pytest.raises(DataError, match=next(iter(more))):
            suites.parse(json.dumps({"expectations": [], **more}), "pool")


LETTERS = st.text(st.sampled_from("a1_ -\t\xa0é\u3000\u0663\n"), max_size=4)
PATTERNS = [
    *(r"\S", r"^\s*$", r"^\w+$", r"^\d", r"^[\w-]+$", r"[^\d]", r"^[^\s_]", r"\D", r"\W", r"a\Z"),
    *(r"[]a]", r"[^]a]", r"\[a\]", r"^(a|1)?$", r"[\s]", r"\\s"),
]


@given(LETTERS, st.sampled_from(PATTERNS))
def test_expressions_mean_what_they_mean_in_python(text: str, pattern: str) -> None:
    import pyarrow.compute as pc

    found = pc.match_substring_regex(pa.array([text]), arrows(pattern)).to_pylist()
    # Without multiple lines, Python's $ holds before a last line feed as well.
    assert found == [re.search(pattern.replace("$", r"\Z"), text) is not None]
