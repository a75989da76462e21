import json

import pyarrow as pa
import pytest

from tasks.domain.errors import DataError
from tasks.ingest.infer import Columns
from tasks.ingest.template import Plan, params_yaml
from tasks.params import parse as parse_params
from tasks.validation.defaults import default_suites
from tasks.validation.library import great_expectations
from tasks.validation.suites import parse

COLUMNS = Columns("item_id", None, ("a", "b"), ("x",), ("c", "flag"), ("t",), ("v",), ("i",), {})
TABLE = pa.table(
    {
        "item_id": ["1", "2", "3"],
        "x": [1.5, None, float("inf")],
        "c": ["u", None, "w"],
        "flag": [True, False, True],
        "t": ["one", "two", "three"],
        "v": [[1.0], [2.0], [3.0]],
        "i": [b"12", b"123", b"1"],
    }
)


def defaults() -> dict[str, str]:
    return default_suites(parse_params(params_yaml(Plan("c", COLUMNS))), TABLE)


def wrapped(*expectations: object) -> str:
    return json.dumps({"name": "pool", "expectations": expectations})


def one(kind: str, **arguments: object) -> dict[str, object]:
    return {"type": kind, "kwargs": arguments}


def test_the_suites_are_great_expectations_own_json() -> None:
    suites = defaults()
    assert list(suites) == ["suites/pool.json", "suites/answers.json", "suites/labels.json"]
    for name, text in suites.items():
        content = json.loads(text)
        theirs = great_expectations().ExpectationSuite(**content)
        ours = parse(text, name)
        assert len(theirs.expectations) == len(ours.expectations) == len(content["expectations"])
        assert {one.native.configuration.type for one in ours.expectations} == {
            one["type"] for one in content["expectations"]
        }


def test_ranges_and_categories_are_those_that_were_seen() -> None:
    content = json.loads(defaults()["suites/pool.json"])["expectations"]
    by_column = {
        (one["type"].removeprefix("expect_column_"), one["kwargs"]["column"]): one
        for one in content
    }
    between = by_column["values_to_be_between", "x"]
    assert between["kwargs"] == {"column": "x", "min_value": 1.5, "max_value": 1.5}
    assert between["severity"] == "warning"
    assert by_column["values_to_be_in_set", "c"]["kwargs"]["value_set"] == ["u", "w"]
    assert by_column["values_to_be_in_set", "v__length"]["kwargs"]["value_set"] == [1]
    assert by_column["values_to_be_between", "i__length"]["kwargs"]["min_value"] == 1
    assert ("values_to_not_be_null", "c") not in by_column


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["suites/pool.json", "not JSON", "line 1"]),
        ("[]", ["suites/pool.json", "no suite"]),
        ('{"name": "pool"}', ["no suite"]),
        (wrapped("x"), ["expectation 1", "no type"]),
        (
            wrapped(
                one("expect_column_to_exist", column="x"), one("expect_column_to_exit", column="x")
            ),
            ["expectation 2", "expect_column_to_exit", "did you mean 'expect_column_to_exist'"],
        ),
        (
            wrapped(one("expect_column_values_to_be_in_set", column="x")),
            ["expectation 1", "expect_column_values_to_be_in_set", "'value_set'", "required"],
        ),
        (
            wrapped(one("expect_column_to_exist", column="x", colour="red")),
            ["'colour'", "not permitted"],
        ),
        (
            wrapped({**one("expect_column_to_exist", column="x"), "severity": "fatal"}),
            ["expect_column_to_exist", "fatal"],
        ),
        (
            wrapped({**one("expect_column_to_exist", column="x"), "sevrity": "info"}),
            ["expect_column_to_exist", "sevrity"],
        ),
    ],
)
def test_a_suite_that_cannot_be_read_is_said(text: str, words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        parse(text, "suites/pool.json")
    for word in words:
        assert word in str(caught.value)
