"""Suites of expectations: the JSON that Great Expectations reads and writes, checked as hostile.

What a suite says is compared with a list of what it may say (`tasks.validation.allowed`), and the
library is given nothing else. Conditions never reach it: `tasks.validation.conditions`.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tasks.domain import strict_json, wording
from tasks.domain.errors import DataError
from tasks.validation import allowed, condition_objects
from tasks.validation.allowed import Allowed
from tasks.validation.condition_parser import ConditionError
from tasks.validation.conditions import Condition
from tasks.validation.library import great_expectations

MOST_BYTES, MOST_EXPECTATIONS = 16 << 20, 20_000


@dataclass(frozen=True)
class Expected:
    """An expectation of a suite.

    Attributes
    ----------
    native : Expectation
        Great Expectations' own object, about all rows.
    condition : Condition or None
        Which rows it is about, if not about all.
    """

    native: Any
    condition: Condition | None = None


@dataclass(frozen=True)
class Suite:
    """A suite that was read.

    Attributes
    ----------
    name : str
    expectations : tuple of Expected
        In the file's order.
    """

    name: str
    expectations: tuple[Expected, ...]

    @property
    def critical(self) -> "Suite":
        """Those whose failure stops, as a suite of the same name."""
        kept = tuple(one for one in self.expectations if one.native.severity.value == "critical")
        return Suite(self.name, kept)

    @property
    def of_all_rows(self) -> list[Any]:
        """The library's own objects of those that are about all rows."""
        return [one.native for one in self.expectations if one.condition is None]

    @property
    def of_some_rows(self) -> dict[Condition, list[Any]]:
        """The library's own objects of the others, by the rows that they are about."""
        found: dict[Condition, list[Any]] = {}
        for one in self.expectations:
            if one.condition is not None:
                found.setdefault(one.condition, []).append(one.native)
        return found


def parse(text: str | bytes, where: str) -> Suite:
    """Read a suite's JSON.

    Raises
    ------
    DataError
        Not JSON, not a suite, or an expectation that does not exist, may not be in a suite, or has
        an argument that it may not have.
    """
    if len(text) > MOST_BYTES:
        raise DataError(f"is longer than {MOST_BYTES >> 20} MiB", where=where)
    content = strict_json.json_of(text, where)
    if not isinstance(content, dict) or not isinstance(content.get("expectations"), list):
        raise DataError("is no suite: it has no list of expectations", where=where)
    _refuse_others(content, allowed.SUITE_KEYS, where)
    if content.get("suite_parameters"):
        raise DataError("has suite_parameters", where=where, fix="write the values themselves")
    if len(content["expectations"]) > MOST_EXPECTATIONS:
        raise DataError(f"has more than {MOST_EXPECTATIONS:,} expectations", where=where)
    expectations = tuple(
        _expected(one, f"{where} expectation {number}")
        for number, one in enumerate(content["expectations"], 1)
    )
    return Suite(str(content.get("name", where)), expectations)


def _expected(one: Any, where: str) -> Expected:
    if not isinstance(one, dict) or not isinstance(one.get("type"), str):
        raise DataError("has no type", where=where)
    kind = one["type"]
    if kind not in allowed.TYPES:
        raise DataError(f"{kind[:80]!r} is none", where=where, fix=_suggestion(kind))
    where = f"{where} ({kind})"
    _refuse_others(one, allowed.KEYS, where)
    given, severity = one.get("kwargs", {}), one.get("severity", "critical")
    if not isinstance(given, dict):
        raise DataError("kwargs is no object", where=where)
    if severity not in allowed.SEVERITIES:
        what = f"severity is {str(severity)[:40]!r}, not {' or '.join(allowed.SEVERITIES)}"
        raise DataError(what, where=where)
    form = allowed.TYPES[kind]
    condition = _condition(given, form, where)
    plain = {name: value for name, value in given.items() if name not in allowed.CONDITION}
    _check(plain, form, where)
    return Expected(_native(kind, plain, severity, where), condition)


def _refuse_others(given: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for name in given:
        if name not in known:
            what = f"{name[:60]!r} is not permitted"
            raise DataError(what, where=where, fix=f"there are {', '.join(sorted(known))}")


def _condition(given: Mapping[str, Any], form: Allowed, where: str) -> Condition | None:
    if given.get("condition_parser") not in allowed.PARSERS:
        known = ", ".join(str(one) for one in allowed.PARSERS[:-1])
        raise DataError("has another condition_parser", where=where, fix=f"there are {known}")
    if (condition := given.get("row_condition")) is None:
        return None
    if not form.conditional:
        raise DataError("is about no rows", where=where, fix="take its row_condition out")
    try:
        return condition_objects.read(condition)
    except ConditionError as error:
        fix = "write it as docs/expectations.md says"
        raise DataError(str(error), where=f"{where} row_condition", fix=fix) from None


def _check(given: Mapping[str, Any], form: Allowed, where: str) -> None:
    known = {**form.needs, **form.may}
    for name in form.needs:
        if name not in given:
            raise DataError(f"argument {name!r} is required", where=where)
    for name, value in given.items():
        if name not in known:
            what = f"argument {name[:60]!r} is not permitted"
            raise DataError(what, where=where, fix=f"there are {', '.join(known)}")
        try:
            _adapter(known[name]).validate_python(value)
        except ValidationError as error:
            what, _ = wording.told(error.errors()[0])
            raise DataError(f"argument {name!r}: {what}", where=where) from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _native(kind: str, given: dict[str, Any], severity: str, where: str) -> Any:
    great_expectations()
    from great_expectations.compatibility.pydantic import ValidationError as TheirError
    from great_expectations.exceptions.exceptions import InvalidExpectationConfigurationError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    config: dict[str, Any] = {"type": kind, "kwargs": given, "severity": severity}
    try:
        return ExpectationConfiguration(**config).to_domain_obj()
    except TheirError as error:
        first = error.errors()[0]
        argument = ".".join(str(part) for part in first["loc"])
        raise DataError(f"argument {argument!r}: {first['msg']}", where=where) from None
    except (
        InvalidExpectationConfigurationError, TypeError, ValueError, ArithmeticError, AttributeError
    ) as error:  # fmt: skip
        raise DataError(f"cannot be read: {error}", where=where) from None


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(name[:80], allowed.TYPES, n=1)
    return f"did you mean {near[0]!r}?" if near else "docs/expectations.md lists what there is"
