"""JSON objects in a partner's files, each of which stands in a line."""

import json
from typing import Any

from tasks.domain import strict_json

MOST_NESTED = 20


def strict_object(text: str | bytes) -> dict[str, Any]:
    """Read one JSON object.

    Raises
    ------
    ValueError
        It is none, or not what `tasks.domain.strict_json.parse` takes.
    """
    value = strict_json.parse(text, names_once=True, most_nested=MOST_NESTED)
    if not isinstance(value, dict):
        raise ValueError(f"is a JSON {type(value).__name__}, not an object")
    return value


def is_object(text: bytes) -> bool:
    """Whether a text is a whole JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
