"""Conditions that say which rows an expectation is about, and how they are written.

::

    condition  either
    either     both ("or" both)…
    both       plain ("and" plain)…
    plain      "not" plain | "(" either ")" | one
    one        column ("==" | "!=" | "<" | "<=" | ">" | ">=") value
               column ["not"] "in" "[" [value ("," value)…] "]"
               column "is" ["not"] "null"
    column     a name of letters, digits and _; any other in backticks, `like this`; or col("so")
    value      "text" or 'text', a number, true, false

Each is true or false of a row. A cell without a value is equal to nothing and in no list, neither
less nor more; so ``!=`` and ``not in`` hold for it.
"""

import re
from dataclasses import dataclass

Value = str | int | float | bool
NAME = re.compile(r"[^\W\d]\w*")
WORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false", "col"})
"""What no bare name of a column can be."""


@dataclass(frozen=True)
class Compare:
    """A column's value beside another one; `sign` is one of ``== != < <= > >=``."""

    column: str
    sign: str
    value: Value


@dataclass(frozen=True)
class Among:
    """A column's value is one of a list."""

    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Missing:
    """A column has no value."""

    column: str


@dataclass(frozen=True)
class Not:
    """The other way round."""

    inner: "Condition"


@dataclass(frozen=True)
class All:
    """All of some, at least two."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Some:
    """At least one of some, at least two."""

    parts: "tuple[Condition, ...]"


Condition = Compare | Among | Missing | Not | All | Some


def written(condition: Condition) -> str:
    """Write a condition; `tasks.validation.condition_parser.parse` reads it back."""
    match condition:
        case Compare(column, sign, value):
            return f"{_name(column)} {sign} {_value(value)}"
        case Among(column, values):
            return f"{_name(column)} in [{', '.join(map(_value, values))}]"
        case Missing(column):
            return f"{_name(column)} is null"
        case Not(inner):
            return f"not ({written(inner)})"
        case All(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Some(parts):
            return " or ".join(f"({written(part)})" for part in parts)


def columns(condition: Condition) -> set[str]:
    """List the columns that a condition reads."""
    match condition:
        case Compare() | Among() | Missing():
            return {condition.column}
        case Not(inner):
            return columns(inner)
        case All(parts) | Some(parts):
            return set().union(*map(columns, parts))


def _name(column: str) -> str:
    if NAME.fullmatch(column) and column.lower() not in WORDS:
        return column
    return "`" + column.replace("`", "``") + "`"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
