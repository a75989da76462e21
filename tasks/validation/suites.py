"""Suites of expectations as the JSON that Great Expectations itself reads and writes."""

import difflib
import json
from dataclasses import dataclass
from typing import Any

from tasks.domain.errors import DataError
from tasks.validation.library import great_expectations


@dataclass(frozen=True)
class Suite:
    """A suite that was read.

    Attributes
    ----------
    name : str
    expectations : tuple
        Great Expectations' own objects, in the file's order.
    """

    name: str
    expectations: tuple[Any, ...]

    @property
    def critical(self) -> "Suite":
        """Those whose failure stops, as a suite of the same name."""
        kept = tuple(one for one in self.expectations if one.severity.value == "critical")
        return Suite(self.name, kept)


def parse(text: str, where: str) -> Suite:
    """Read a suite's JSON.

    Great Expectations drops an expectation that it cannot understand with no more than a line in
    its log, so each is made here by itself.

    Raises
    ------
    DataError
        Not JSON, not a suite, or an expectation that does not exist or has a wrong argument.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"is not JSON ({error.msg}, line {error.lineno})", where=where) from None
    if not isinstance(content, dict) or not isinstance(content.get("expectations"), list):
        raise DataError("is no suite: it has no list of expectations", where=where)
    expectations = tuple(
        _expectation(one, f"{where} expectation {number}")
        for number, one in enumerate(content["expectations"], 1)
    )
    return Suite(str(content.get("name", where)), expectations)


def _expectation(one: Any, where: str) -> Any:
    great_expectations()
    from great_expectations.compatibility.pydantic import ValidationError
    from great_expectations.exceptions.exceptions import (
        ExpectationNotFoundError,
        InvalidExpectationConfigurationError,
    )
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    if not isinstance(one, dict) or not isinstance(one.get("type"), str):
        raise DataError("has no type", where=where)
    where = f"{where} ({one['type']})"
    try:
        return ExpectationConfiguration(**one).to_domain_obj()
    except ExpectationNotFoundError:
        raise DataError("does not exist", where=where, fix=_suggestion(one["type"])) from None
    except ValidationError as error:
        first = error.errors()[0]
        argument = ".".join(str(part) for part in first["loc"])
        raise DataError(f"argument {argument!r}: {first['msg']}", where=where) from None
    except (InvalidExpectationConfigurationError, TypeError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", where=where) from None


def _suggestion(name: str) -> str:
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    near = difflib.get_close_matches(name, list_registered_expectation_implementations(), n=1)
    return f"did you mean {near[0]!r}?" if near else "see Great Expectations' gallery"
