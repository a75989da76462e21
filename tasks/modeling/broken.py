"""What the checks of a model's bytes have in common: how they refuse."""

import json
from typing import Any, TypeVar

T = TypeVar("T")


class BrokenModelError(Exception):
    """The bytes are no model that this program wrote; says why."""


def demand(right: object, otherwise: str) -> None:
    """Raise `BrokenModelError` unless something is right."""
    if not right:
        raise BrokenModelError(otherwise)


def expect(kind: type[T], value: Any) -> T:
    """Give a value of the kind that skops writes there."""
    if not isinstance(value, kind):
        raise BrokenModelError("it is not spelled as skops spells models")
    return value


def from_json(text: str | bytes, what: str) -> Any:
    """Read JSON, however deep and wrong it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BrokenModelError(f"{what} cannot be read") from None
