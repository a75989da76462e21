"""Requests checked as SageMaker checks them: against its own service model.

botocore's client checks names and types; lengths, ranges, patterns and enumerations stand in the
model all the same.
"""

import re
from functools import cache
from typing import Any

import botocore.session

TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "list": list,
    "string": str,
    "integer": int,
    "timestamp": (int, float),
}


class RefusedError(Exception):
    """An error as the API sends it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@cache
def model() -> Any:
    return botocore.session.get_session().get_service_model("sagemaker")


def check(operation: str, body: Any) -> None:
    """Raise a `RefusedError` if a request breaks the model."""
    if operation not in model().operation_names:
        raise RefusedError("UnknownOperationException", operation)
    _check(model().operation_model(operation).input_shape, body, operation)


def _check(shape: Any, value: Any, where: str) -> None:
    if not isinstance(value, TYPES[shape.type_name]) or isinstance(value, bool):
        raise _invalid(where, f"is no {shape.type_name}")
    if shape.type_name == "structure":
        _structure(shape, value, where)
    else:
        _limits(shape.metadata, value, where)
    if shape.type_name == "list":
        for number, one in enumerate(value):
            _check(shape.member, one, f"{where}[{number}]")


def _structure(shape: Any, value: dict[str, Any], where: str) -> None:
    for name in shape.required_members:
        if value.get(name) is None:
            raise _invalid(f"{where}.{name}", "must not be null")
    for name, one in value.items():
        if name not in shape.members:
            raise RefusedError("SerializationException", f"unknown member {where}.{name}")
        _check(shape.members[name], one, f"{where}.{name}")


def _limits(said: dict[str, Any], value: Any, where: str) -> None:
    size = value if isinstance(value, int | float) else len(value)
    if not said.get("min", size) <= size <= said.get("max", size):
        raise _invalid(where, f"must be from {said.get('min')} to {said.get('max')}, is {size}")
    if "enum" in said and value not in said["enum"]:
        raise _invalid(where, f"must be one of {said['enum']}")
    # Python has no \p{L}; what is checked here has no tags.
    pattern = said.get("pattern", "")
    if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value):
        raise _invalid(where, f"must satisfy regular expression pattern: {pattern}")


def _invalid(where: str, why: str) -> RefusedError:
    return RefusedError("ValidationException", f"1 validation error: value at {where!r} {why}")
