"""Kinds of arguments that an expectation may have, each checked before it is one."""

import re
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from tasks.validation.regexes import arrows

LONGEST = 10_000
MOST_VALUES = 100_000
TYPES = frozenset(
    {
        *("bool", "bool_", "int", "int8", "int16", "int32", "int64", "Int64"),
        *("uint8", "uint16", "uint32", "uint64"),
        *("float", "float16", "float32", "float64", "Float64", "boolean", "string"),
        *("str", "object", "bytes", "list", "dict", "ndarray"),
        *("datetime64", "datetime64[ns]", "datetime64[us]", "Timestamp", "datetime", "date"),
        *("timedelta64", "timedelta64[ns]", "Timedelta"),
    }
)
"""Names of types; the library looks others up in the modules of numpy and pandas."""
DIRECTIVES = re.compile(r"(?:[^%]|%[aAbBcdfHIjmMpSUwWxXyYzZ%])*")


def _regex(text: str) -> str:
    try:
        pc.match_substring_regex(pa.array([""]), arrows(text))
    except pa.ArrowInvalid as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        raise ValueError(f"is no regular expression of RE2 ({reason})") from None
    return text


def _type(name: str) -> str:
    if name not in TYPES:
        raise ValueError(f"is no known type: {name[:40]!r}")
    return name


def _directives(text: str) -> str:
    if not DIRECTIVES.fullmatch(text):
        raise ValueError("has a directive that strptime does not know")
    return text


Column = Annotated[StrictStr, Field(min_length=1, max_length=1000)]
Columns = Annotated[list[Column], Field(min_length=1, max_length=MOST_VALUES)]
Flag = StrictBool
Whole = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
Number = Whole | Annotated[StrictFloat, Field(allow_inf_nan=False)]
Text = Annotated[StrictStr, Field(max_length=LONGEST)]
End = Number | Annotated[StrictStr, Field(max_length=40)] | None
"""Of a range: a number, a date as text, or none."""
WholeEnd = Whole | None
NumberEnd = Number | None
Share = Annotated[StrictInt | StrictFloat, Field(ge=0, le=1)]
Positive = Annotated[StrictInt | StrictFloat, Field(gt=0, le=1e9)]
Value = StrictBool | Number | Text | None
Values = Annotated[list[Value], Field(max_length=MOST_VALUES)]
Pairs = Annotated[
    list[Annotated[list[Value], Field(min_length=2, max_length=2)]], Field(max_length=MOST_VALUES)
]
Type = Annotated[StrictStr, AfterValidator(_type)]
Types = Annotated[list[Type], Field(min_length=1, max_length=100)]
Regex = Annotated[StrictStr, Field(max_length=1000), AfterValidator(_regex)]
Regexes = Annotated[list[Regex], Field(min_length=1, max_length=100)]
Directives = Annotated[StrictStr, Field(max_length=100), AfterValidator(_directives)]
AnyOrAll = Literal["any", "all"]
Method = Literal["iqr", "std"]
PairRows = Literal["both_values_are_missing", "either_value_is_missing", "neither"]
Rows = Literal["all_values_are_missing", "any_value_is_missing", "never"]
Quantile = Literal["lower", "higher", "midpoint", "nearest", "linear"] | StrictBool


def _ranges(given: Any) -> Any:
    if len(given["quantiles"]) != len(given["value_ranges"]):
        raise ValueError("has not as many value_ranges as quantiles")
    return given


Ends = Annotated[list[NumberEnd], Field(min_length=2, max_length=2)]
Ranges = Annotated[
    dict[
        Literal["quantiles", "value_ranges"],
        Annotated[list[Share] | list[Ends], Field(max_length=100)],
    ],
    Field(min_length=2),
    AfterValidator(_ranges),
]
