"""What an audit has found so far, and how broken data becomes a finding instead of an error."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import yaml

from tasks.domain import digests
from tasks.domain.errors import LabelloopError, NotHereError, UntrustedError

BROKEN = (
    LabelloopError,
    pa.ArrowException,
    OSError,
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    SystemError,
    yaml.YAMLError,
)
"""What reading damaged or malformed data raises. ValueError holds JSON's and Unicode's errors, and
SystemError is what Python says of a library in C that lost its way."""
ID = 12
"""Digits of a digest that name a problem."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    kind : str
        refused, ledger, file, data, git, mlflow, vendor or money.
    where : str
        Such as ``ledger/00000017.json`` or ``snapshot/answers.parquet of round 3``.
    what : str
        In words that a user knows.
    outside : bool
        Others did it, where this campaign's records do not reach: at the vendor, in MLflow. Such a
        problem can be acknowledged (`tasks.audit.acknowledging`); a record of the campaign's own
        that is not what it was cannot.
    """

    kind: str
    where: str
    what: str
    outside: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of kind, place and words: another problem of the same place has another."""
        return digests.of_value([self.kind, self.where, self.what])

    @property
    def id(self) -> str:
        """The short form of `digest` that people type."""
        return self.digest[:ID]

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        plain = {name: getattr(self, name) for name in ("id", "kind", "where", "what")}
        return {**plain, "can_be_acknowledged": self.outside}


@dataclass(frozen=True)
class Acknowledged:
    """A problem that somebody has looked at, and why it may stand.

    Attributes
    ----------
    at : str
        When, ISO 8601 in UTC.
    """

    problem: Problem
    reason: str
    at: str

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {**self.problem.to_json(), "reason": self.reason, "at": self.at}


@dataclass(frozen=True)
class Report:
    """What an audit found.

    Attributes
    ----------
    entries : int
        Entries of the ledger that were read.
    head : str
        SHA-256 of the newest one.
    problems : tuple of Problem
        The first is nearest to the cause.
    unchecked : tuple of str
        What could not be looked at, and why.
    acknowledged : tuple of Acknowledged
        Problems that are there as well, and stand for a reason that the ledger has.
    """

    entries: int
    head: str
    problems: tuple[Problem, ...]
    unchecked: tuple[str, ...]
    acknowledged: tuple[Acknowledged, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong but what was acknowledged."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Give it as `labelloop audit --json` prints it."""
        return {
            "ok": self.ok,
            "entries": self.entries,
            "head": self.head,
            "problems": [problem.to_json() for problem in self.problems],
            "acknowledged": [one.to_json() for one in self.acknowledged],
            "unchecked": list(self.unchecked),
        }


@dataclass
class Findings:
    """Collects problems, in the order in which they are found."""

    problems: list[Problem] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def problem(self, kind: str, where: str, what: str, *, outside: bool = False) -> None:
        """Add a problem; of one place, the first that is found is nearest to the cause.

        All that is wrong in MLflow is `outside`, which this campaign's records do not reach.
        """
        if where not in {problem.where for problem in self.problems}:
            self.problems.append(Problem(kind, where, what, outside or kind == "mlflow"))

    def skip(self, what: str) -> None:
        """Add something that cannot be checked here."""
        if what not in self.unchecked:
            self.unchecked.append(what)

    @contextmanager
    def guarded(self, kind: str, where: str) -> Iterator[None]:
        """Turn what broken data raises inside into a problem, and what is elsewhere into a note."""
        try:
            yield
        except (NotHereError, UntrustedError) as error:
            self.skip(str(error))
        except LabelloopError as error:
            self.problem(kind, error.where or where, error.what)
        except BROKEN as error:
            self.problem(kind, where, f"cannot be understood: {_words(error)}")


def _words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is not in it"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"it is not JSON ({error})"
    return (str(error).splitlines() or [type(error).__name__])[0]
