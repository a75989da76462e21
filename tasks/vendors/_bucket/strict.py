"""JSON of a stranger, read strictly."""

import json
from typing import Any

MOST_NESTED = 20


def strict_object(text: str | bytes) -> dict[str, Any]:
    """Read one JSON object.

    Raises
    ------
    ValueError
        It is none, names a member twice, holds NaN or infinity, half a character, or is nested
        too deep.
    """
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON ({error.msg})") from None
    if not isinstance(value, dict):
        raise ValueError(f"is a JSON {type(value).__name__}, not an object")
    _refuse_odd(value, 0)
    return value


def is_object(text: bytes) -> bool:
    """Whether a text is a whole JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("has two members of the same name")
    return names


def _no_constant(name: str) -> Any:
    raise ValueError(f"holds {name}, which is not JSON")


def _refuse_odd(value: Any, depth: int) -> None:
    if depth > MOST_NESTED:
        raise ValueError("is nested too deep")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("holds half a character") from None
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_odd(name, depth + 1)
            _refuse_odd(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _refuse_odd(inner, depth + 1)
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("holds a number that is too large")
