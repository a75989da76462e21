"""What is wrong with a value that a person wrote, in words that need no library's vocabulary."""

from collections.abc import Callable, Mapping
from typing import Any

Problem = Mapping[str, Any]
LONGEST = 60

QUOTE = "put it in quotes"
"""How YAML is told that a word is not a number, true, false, null or a date."""


def told(problem: Problem) -> tuple[str, str]:
    """Say what is wrong with a value, and what to do about it.

    Parameters
    ----------
    problem : mapping
        One of `pydantic.ValidationError.errors`.

    Returns
    -------
    what, fix : str
        ``fix`` is empty where ``what`` says it all.
    """
    kind, limits = problem["type"], problem.get("ctx", {})
    if kind == "invalid_key":
        return "has a key that is no text", QUOTE
    if kind in NEEDED:
        what = f"must be {NEEDED[kind](limits)}, not {_shown(problem['input'])}"
        return what, _cure(kind, problem["input"])
    # What our own validators raise is in our own words.
    return problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, "), ""


def _words(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda limits: text.format(**limits)


def _entries(bound: str, number: int) -> str:
    return f"a list of at {bound} {number} {'entry' if number == 1 else 'entries'}"


NEEDED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": _words("text"),
    "int_type": _words("a whole number"),
    "int_from_float": _words("a whole number"),
    "int_parsing": _words("a whole number"),
    "int_parsing_size": _words("a whole number of fewer digits"),
    "float_type": _words("a number"),
    "float_parsing": _words("a number"),
    "finite_number": _words("a finite number"),
    "bool_type": _words("true or false"),
    "bool_parsing": _words("true or false"),
    "none_required": _words("null"),
    "list_type": _words("a list, as in [a, b]"),
    "tuple_type": _words("a list, as in [a, b]"),
    "set_type": _words("a list, as in [a, b]"),
    "dict_type": _words("keys with values, as in {{key: value}}"),
    "mapping_type": _words("keys with values, as in {{key: value}}"),
    "model_type": _words("keys with values, each key on a line"),
    "model_attributes_type": _words("keys with values, each key on a line"),
    "dataclass_type": _words("keys with values, as in {{key: value}}"),
    "literal_error": _words("one of {expected}"),
    "enum": _words("one of {expected}"),
    "greater_than": _words("more than {gt:g}"),
    "greater_than_equal": _words("at least {ge:g}"),
    "less_than": _words("less than {lt:g}"),
    "less_than_equal": _words("at most {le:g}"),
    "multiple_of": _words("a multiple of {multiple_of:g}"),
    "string_too_short": _words("at least {min_length} characters long"),
    "string_too_long": _words("at most {max_length} characters long"),
    "string_pattern_mismatch": _words("of the form {pattern}"),
    "too_short": lambda limits: _entries("least", limits["min_length"]),
    "too_long": lambda limits: _entries("most", limits["max_length"]),
}


def _cure(kind: str, value: Any) -> str:
    if kind == "string_type" and not isinstance(value, list | dict):
        told = " (YAML reads yes, no, on and off so too)" if isinstance(value, bool) else ""
        return f"{QUOTE}: '{_written(value)}'{told}"
    is_number = isinstance(value, str) and _is_number(value)
    return "leave out its quotes" if kind in ("int_type", "float_type") and is_number else ""


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"keys with values ({', '.join(map(str, list(value)[:3])) or 'none'})"
    text = repr(value) if isinstance(value, str) else _written(value)
    if not isinstance(value, str):
        text = f"{_type(value)}{text}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _type(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    return "the number " if isinstance(value, int | float) else "the date "


def _written(value: Any) -> str:
    """Write a value as YAML does."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
