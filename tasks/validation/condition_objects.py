"""Conditions as the objects that Great Expectations itself writes into a suite."""

import math
from typing import Any

from tasks.validation.condition_parser import DEEPEST, ConditionError, parse
from tasks.validation.conditions import All, Among, Compare, Condition, Missing, Not, Some, Value

SIGNS = ("==", "!=", "<", "<=", ">", ">=")
MOST_PARTS = 100


def read(given: Any, depth: int = 0) -> Condition:
    """Read a condition that is a text, or an object of comparisons.

    Raises
    ------
    ConditionError
        It is none of these; an object that passes a text through to pandas is none.
    """
    if isinstance(given, str):
        return parse(given)
    if not isinstance(given, dict) or depth > DEEPEST:
        raise ConditionError("is no text and no condition of Great Expectations")
    kind = given.get("type")
    if kind in ("and", "or"):
        return _several(given, All if kind == "and" else Some, depth)
    if kind == "nullity":
        missing = Missing(_column(given))
        return missing if given.get("is_null") is True else Not(missing)
    if kind == "comparison":
        return _comparison(given)
    raise ConditionError(f"is of the type {kind!r}; known are comparison, nullity, and, or")


def _several(given: dict[str, Any], kind: type[All | Some], depth: int) -> Condition:
    parts = given.get("conditions")
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_PARTS:
        raise ConditionError(f"has no list of 1 to {MOST_PARTS} conditions")
    found = tuple(read(part, depth + 1) for part in parts)
    return kind(found) if len(found) > 1 else found[0]


def _comparison(given: dict[str, Any]) -> Condition:
    column, sign, value = _column(given), given.get("operator"), given.get("parameter")
    if sign in SIGNS:
        return Compare(column, str(sign), _value(value))
    if sign in ("IN", "NOT_IN") and isinstance(value, list):
        among = Among(column, tuple(map(_value, value)))
        return among if sign == "IN" else Not(among)
    raise ConditionError(f"compares by {sign!r}; known are {', '.join(SIGNS)}, IN, NOT_IN")


def _column(given: dict[str, Any]) -> str:
    column = given.get("column")
    name = column.get("name") if isinstance(column, dict) else None
    if not isinstance(name, str) or not name:
        raise ConditionError("names no column")
    return name


def _value(value: Any) -> Value:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return value if isinstance(value, int) and abs(value) < 2**63 else float(value)
    raise ConditionError(f"compares with {str(value)[:40]!r}, no text, number, true or false")
