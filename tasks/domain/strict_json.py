"""JSON of a stranger, read strictly: what is read can be walked, added up and written again."""

import json
import math
import re
from pathlib import Path
from typing import Any

from tasks.domain.errors import DataError, LabelloopError

MOST_NESTED = 64
"""Objects and lists within one another; the project's own files have fewer than ten."""
MOST_BYTES = 1 << 28
"""Of a file of facts, which is in memory as a whole."""
LONGEST_NUMBER = 300
"""Digits of a whole number: a longer one is no real number, and takes time to write."""
BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
LARGE = re.compile(r"\d{200}|[eE]\+?\d{3}")
"""Where a number may be beyond all reals, or longer than `LONGEST_NUMBER`; 200 digits with an
exponent of two are not."""
HALF = re.compile(r"\\u[dD][89a-fA-F]")


class StrictJsonError(ValueError):
    """Says what is wrong, to be put behind the name of a file or a field."""


def parse(content: bytes | str, *, names_once: bool = False, most_nested: int = MOST_NESTED) -> Any:
    """Read a JSON value.

    Parameters
    ----------
    content : bytes or str
    names_once : bool
        Whether to refuse an object that names a member twice; otherwise the last one counts.
    most_nested : int
        How many objects and lists may be within one another.

    Raises
    ------
    StrictJsonError
        It is no JSON or no UTF-8, holds NaN, a number beyond all reals or half a character, or is
        nested deeper than `most_nested`.
    """
    text = _text(content)
    if _depth(text, most_nested) > most_nested:
        raise StrictJsonError(f"is nested deeper than {most_nested} levels")
    hooks: Any = {"parse_int": _whole, "parse_float": _real} if LARGE.search(text) else {}
    if names_once:
        hooks["object_pairs_hook"] = _once
    try:
        value = json.loads(text, parse_constant=_no_constant, **hooks)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise StrictJsonError(f"is not JSON ({error.msg}, {place})") from None
    except RecursionError:
        raise StrictJsonError("is not JSON, and nested without end") from None
    if HALF.search(text):
        _refuse_half_characters(value)
    return value


def json_of(
    content: bytes | str, where: str, error: type[LabelloopError] = DataError, fix: str = ""
) -> Any:
    """Read a JSON value as `parse`, with an error that names the place.

    Raises
    ------
    DataError
        Or another, as `error` says.
    """
    try:
        return parse(content)
    except StrictJsonError as problem:
        raise error(str(problem), where=where, fix=fix) from None


def json_in(path: Path, error: type[LabelloopError] = DataError, fix: str = "") -> Any:
    """Read a file of JSON as `json_of`; one above `MOST_BYTES` is not read at all.

    Raises
    ------
    DataError
        Or another, as `error` says.
    OSError
        The file cannot be read.
    """
    if path.stat().st_size > MOST_BYTES:
        what = f"has more than {MOST_BYTES >> 20} MiB"
        raise error(what, where=str(path), fix=fix)
    return json_of(path.read_bytes(), str(path), error, fix)


def _text(content: bytes | str) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"is not UTF-8 (byte {error.start})") from None


def _depth(text: str, most: int) -> int:
    """Say how deep brackets are nested, or 0 where there are too few to be nested deep."""
    if text.count("[") + text.count("{") <= most:
        return 0
    deepest = depth = 0
    for found in BRACKETS.finditer(text):
        if (bracket := found[0]) in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise StrictJsonError(f"holds a number of more than {LONGEST_NUMBER} digits")
    return int(digits)


def _real(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise StrictJsonError(f"holds the number {digits[:20]}, which is too large")
    return value


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise StrictJsonError("has two members of the same name")
    return value


def _no_constant(name: str) -> Any:
    raise StrictJsonError(f"holds {name}, which is not JSON")


def _refuse_half_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise StrictJsonError("holds half a character (a lone surrogate)") from None
