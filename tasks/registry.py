"""Find a strategy, vendor, learner, aggregator or stop rule by its name in params.yaml.

A component is one file of its kind's package: the file name is its name, and the one frozen
dataclass in it has its options as fields. A module whose name begins with an underscore is none.
Others add theirs as entry points of the group ``labelloop.<kind>``.
"""

import dataclasses
import difflib
import importlib
import importlib.metadata
import inspect
import pkgutil
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from tasks.domain import wording
from tasks.domain.errors import ParamsError

Kind = Literal["strategies", "vendors", "learners", "aggregators", "stopping"]
PACKAGES: dict[Kind, str] = {
    "strategies": "tasks.strategies",
    "vendors": "tasks.vendors",
    "learners": "tasks.learners",
    "aggregators": "tasks.quality.aggregation",
    "stopping": "tasks.stopping",
}


def names(kind: Kind) -> list[str]:
    """List all names of a kind, sorted."""
    return sorted(_own(kind) | _foreign(kind).keys())


def component(kind: Kind, name: str) -> type[Any]:
    """Find the class of a component.

    Raises
    ------
    ParamsError
        There is none of that name; the message suggests the nearest.
    """
    if name in _own(kind):
        return _only_dataclass(importlib.import_module(f"{PACKAGES[kind]}.{name}"))
    if name in (foreign := _foreign(kind)):
        loaded: type[Any] = foreign[name].load()
        return loaded
    raise ParamsError(f"there is no {name!r} among the {kind}", fix=_suggestion(kind, name))


def build(kind: Kind, name: str, options: dict[str, Any] | None = None) -> Any:
    """Make a component from its options.

    Raises
    ------
    ParamsError
        No such component, an option it does not have, or a value of the wrong type.
    """
    cls = component(kind, name)
    given = options or {}
    known = [field.name for field in dataclasses.fields(cls)]
    for unknown in sorted(given.keys() - set(known)):
        near = difflib.get_close_matches(unknown, known, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known) or 'none'}"
        raise ParamsError(f"{name!r} has no option {unknown!r}", fix=fix)
    try:
        return TypeAdapter(cls).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(["", *map(str, first["loc"])])
        what, fix = wording.told(first)
        raise ParamsError(f"{name}{option}: {what}", fix=fix) from None


@cache
def _own(kind: Kind) -> frozenset[str]:
    package = importlib.import_module(PACKAGES[kind])
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return frozenset(name for name in found if not name.startswith("_"))


@cache
def _foreign(kind: Kind) -> dict[str, importlib.metadata.EntryPoint]:
    points = importlib.metadata.entry_points(group=f"labelloop.{kind}")
    return {point.name: point for point in points}


def _only_dataclass(module: Any) -> type[Any]:
    (cls,) = (
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and dataclasses.is_dataclass(value)
    )
    return cls


def _suggestion(kind: Kind, name: str) -> str:
    near = difflib.get_close_matches(name, names(kind), n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names(kind))}"
