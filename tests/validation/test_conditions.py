import math
import operator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.domain.errors import DataError
from tasks.validation.condition_objects import read
from tasks.validation.condition_parser import ConditionError, parse
from tasks.validation.condition_rows import holds
from tasks.validation.conditions import All, Among, Compare, Missing, Not, Some, columns, written
from tasks.validation.library import great_expectations

CHARACTERS = st.characters(exclude_categories=["Cs"])
NAMES = st.text(CHARACTERS, min_size=1)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.text(CHARACTERS) | NUMBERS | st.booleans()
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No law depends on how fast the machine is."""
SIGNS = ["==", "!=", "<", "<=", ">", ">="]
ONES = (
    st.builds(Compare, NAMES, st.sampled_from(SIGNS), VALUES)
    | st.builds(Among, NAMES, st.lists(VALUES, max_size=3).map(tuple))
    | st.builds(Missing, NAMES)
)


def joined(inner: Any) -> Any:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(All, parts) | st.builds(Some, parts)


@PATIENT
@given(st.recursive(ONES, joined, max_leaves=6))
def test_what_is_written_is_read_back(condition: Any) -> None:
    assert parse(written(condition)) == condition


COLUMNS: dict[str, tuple[Any, Any]] = {
    "whole": (pa.int64(), st.integers(-3, 3)),
    "real": (pa.float64(), st.floats(-3, 3) | st.just(math.nan)),
    "text": (pa.string(), st.sampled_from(["", "u", "v", "ü"])),
    "flag": (pa.bool_(), st.booleans()),
}


@st.composite
def conditions(draw: Any) -> Any:
    name = draw(st.sampled_from(list(COLUMNS)))
    values = COLUMNS[name][1].filter(lambda value: value == value)
    return draw(
        st.builds(Compare, st.just(name), st.sampled_from(SIGNS), values)
        | st.builds(Among, st.just(name), st.lists(values, max_size=3).map(tuple))
        | st.just(Missing(name))
    )


def oracle(condition: Any, row: dict[str, Any]) -> bool:
    match condition:
        case Compare(column, sign, value):
            there = row[column] is not None and row[column] == row[column]
            signs = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
            if not there:
                return bool(sign == "!=")
            return bool(dict(zip(SIGNS, signs, strict=True))[sign](row[column], value))
        case Among(column, values):
            return row[column] in [value for value in values if row[column] is not None]
        case Missing(column):
            return row[column] is None or row[column] != row[column]
        case Not(inner):
            return not oracle(inner, row)
        case All(parts):
            return all(oracle(part, row) for part in parts)
        case _:
            return any(oracle(part, row) for part in condition.parts)


@PATIENT
@given(st.recursive(conditions(), joined, max_leaves=5), st.data())
def test_arrow_finds_the_rows_that_a_plain_reading_finds(condition: Any, data: Any) -> None:
    row = st.fixed_dictionaries({name: st.none() | of for name, (_, of) in COLUMNS.items()})
    rows = data.draw(st.lists(row, max_size=6))
    schema = pa.schema([(name, kind) for name, (kind, _) in COLUMNS.items()])
    table = pa.Table.from_pylist(rows, schema=schema)
    assert holds(table, condition).to_pylist() == [oracle(condition, row) for row in rows]
    assert columns(condition) <= set(COLUMNS)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("x > 5", Compare("x", ">", 5)),
        ("`a b` == 'it\\'s'", Compare("a b", "==", "it's")),
        ('col("x") <= -1.5e3', Compare("x", "<=", -1500.0)),
        ("x not in (1, 2.5)", Not(Among("x", (1, 2.5)))),
        ("x IS NOT NULL", Not(Missing("x"))),
        (
            "a == 1 or b == 2 and not c is null",
            Some((Compare("a", "==", 1), All((Compare("b", "==", 2), Not(Missing("c")))))),
        ),
        ("(größe > 1 or x in []) and ok == True", None),
    ],
)
def test_people_write_it_so(text: str, condition: Any) -> None:
    assert condition is None or parse(text) == condition
    assert parse(written(parse(text))) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x ==",
        "x == y",
        "x == 1 and",
        "(x == 1",
        "x == 1)",
        "x in 5",
        "x in [1,,2]",
        "x == 1 2",
        "x == 1e999",
        "x.real == 1",
        "x == @y",
        "@pd.io.common.os.system('touch marker')",
        "x == __import__('os').system('touch marker')",
        "x == 1 and @x",
        "x == 'unclosed",
        "`unclosed == 1",
        "(" * 40 + "x == 1" + ")" * 40,
        "not " * 1000 + "x == 1",
        "x == 1 or " * 1000 + "x == 1",
        "1 < x",
        "x == 1_000",
        "x = 1",
        "x & y",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_great_expectations_own_objects_are_read() -> None:
    great_expectations()
    from great_expectations.expectations.row_conditions import Column

    theirs = (Column("x") > 5) & Column("c").is_in(["u", "v"]) & Column("y").is_not_null()
    expected = All(
        (
            All((Compare("x", ">", 5), Among("c", ("u", "v")))),
            Not(Missing("y")),
        )
    )
    assert read(theirs.dict()) == expected
    assert read(((Column("x") != 1.5) | Column("x").is_not_in([2])).dict()) == Some(
        (Compare("x", "!=", 1.5), Not(Among("x", (2,))))
    )


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {},
        {"type": "pass_through", "pass_through_filter": "@pd.io.common.os.system('true')"},
        {"type": "and", "conditions": []},
        {"type": "and", "conditions": [{"type": "pass_through", "pass_through_filter": "x"}]},
        {"type": "comparison", "column": {"name": "x"}, "operator": "~", "parameter": 1},
        {"type": "comparison", "column": "x", "operator": "==", "parameter": 1},
        {"type": "comparison", "column": {"name": "x"}, "operator": "==", "parameter": [1]},
    ],
)
def test_other_objects_are_refused(given: Any) -> None:
    with pytest.raises(ConditionError):
        read(given)


@pytest.mark.parametrize("text", ["x > 'a'", "c == 1", "nowhere == 1", "c == true", "v == 1"])
def test_what_cannot_be_compared_is_one_line(text: str) -> None:
    table = pa.table({"x": [1, 2], "c": ["u", None], "v": [[1], [2]]})
    with pytest.raises(DataError, match="row_condition: "):
        holds(table, parse(text))


def test_dates_are_compared_with_texts() -> None:
    table = pa.table({"t": pa.array([0, 86_400, None], pa.timestamp("s"))})
    assert holds(table, parse("t >= '1970-01-02'")).to_pylist() == [False, True, False]
