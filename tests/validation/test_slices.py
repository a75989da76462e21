import json
from typing import Any

import pyarrow as pa
import pytest

from tasks.validation import findings, slices, suites

N = 23
TABLE = pa.table(
    {
        "item_id": [f"i{number:02d}" for number in range(N)],
        "x": [None if number == 4 else float(number) for number in range(N)],
        "c": ["u", "v", "u", "u"] * 5 + ["w", "v", None],
        "same": [f"s{number % 20}" for number in range(N)],
        "v": [[1.0] * (2 if number == 21 else 3) for number in range(N)],
    }
)


def expect(kind: str, severity: str = "critical", **arguments: Any) -> dict[str, Any]:
    return {"type": f"expect_{kind}", "kwargs": arguments, "severity": severity}


def some(kind: str, condition: str, **arguments: Any) -> dict[str, Any]:
    return expect(kind, row_condition=condition, condition_parser="pandas", **arguments)


SOME_ROWS = [
    some("column_values_to_be_between", "x > 10", column="x", min_value=12),
    some("column_values_to_be_between", "c == 'u'", column="x", max_value=19, mostly=0.5),
    some("column_values_to_be_unique", "c == 'u' and x is not null", column="same"),
    some("column_values_to_match_regex", "x > 10", column="c", regex="u"),
    some("column_mean_to_be_between", "x > 10", column="x", min_value=20),
    some("compound_columns_to_be_unique", "x > 10", column_list=["c", "same"]),
    some("table_row_count_to_equal", "c == 'u'", value=16),
    some("table_row_count_to_equal", "c == 'u' or c is null", value=17),
]
SUITE = suites.parse(
    json.dumps(
        {
            "name": "pool",
            "expectations": [
                expect("column_to_exist", column="x"),
                expect("column_to_exist", column="nowhere"),
                expect("column_values_to_be_unique", column="item_id"),
                expect("column_values_to_be_unique", column="same"),
                expect("column_values_to_be_unique", column="nowhere"),
                expect("column_values_to_be_unique", column="c", mostly=0.1),
                expect("column_values_to_not_be_null", column="x"),
                expect("column_values_to_not_be_null", column="x", mostly=0.9),
                expect("column_values_to_be_between", column="x", min_value=2, max_value=19),
                expect("column_values_to_be_between", column="x", min_value=1, mostly=0.9),
                expect("column_values_to_be_in_set", column="c", value_set=["u", "v"]),
                expect("column_values_to_be_in_set", column="v__length", value_set=[3]),
                expect("column_values_to_be_in_type_list", column="x", type_list=["float64"]),
                expect("column_values_to_be_in_type_list", column="x", type_list=["int64"]),
                expect("column_values_to_be_increasing", column="x"),
                expect("column_mean_to_be_between", column="x", max_value=3),
                expect("column_pair_values_to_be_equal", column_A="c", column_B="same"),
                expect("compound_columns_to_be_unique", column_list=["c", "same"]),
                expect("column_values_to_match_regex", "warning", column="nowhere", regex="x"),
                expect("column_values_to_match_regex", column="c", regex="^[uw]$"),
                expect("column_values_to_match_regex", column="x", regex=r"\.0$", mostly=0.5),
                expect("column_values_to_not_match_regex", column="c", regex="v", mostly=0.5),
                expect("column_values_to_not_match_regex_list", column="c", regex_list=["v", "w"]),
                expect(
                    "column_values_to_match_regex_list",
                    column="same",
                    regex_list=["^s", "1"],
                    match_on="all",
                ),
                *SOME_ROWS,
            ],
        }
    ),
    "pool",
)


def alone(kind: str, **arguments: Any) -> suites.Suite:
    content = {"name": "pool", "expectations": [expect(kind, **arguments)]}
    return suites.parse(json.dumps(content), "pool")


ABOUT_THE_TABLE = {
    "rows": alone("table_row_count_to_be_between", max_value=20),
    "columns": alone("table_columns_to_match_set", column_set=["item_id"]),
    "order": alone("table_columns_to_match_ordered_list", column_list=["item_id", "x"]),
}


@pytest.mark.parametrize("suite", [SUITE, *ABOUT_THE_TABLE.values()], ids=["all", *ABOUT_THE_TABLE])
def test_slices_find_what_the_whole_table_shows(
    suite: suites.Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = slices.run("pool", TABLE, suite, "item_id")
    monkeypatch.setattr(slices, "SLICE", 5)
    sliced = slices.run("pool", TABLE, suite, "item_id")
    expected = findings.of_result("pool", whole, "item_id")
    assert findings.of_result("pool", sliced, "item_id") == expected
    assert not all(one.success for one in expected)
    assert sliced.statistics == whole.statistics
    assert sliced.success == whole.success


def test_a_frame_of_the_same_name_is_looked_at_anew() -> None:
    first = slices.run("pool", TABLE, SUITE, "item_id")
    slices.run("pool", TABLE.slice(0, 3), SUITE, "item_id")
    again = slices.run("pool", TABLE, SUITE, "item_id")
    assert findings.of_result("pool", first, "item_id") == findings.of_result(
        "pool", again, "item_id"
    )
