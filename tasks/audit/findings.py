"""What an audit has found so far, and how broken data becomes a finding instead of an error."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import yaml

from tasks.domain.errors import LabelloopError, NotHereError

BROKEN = (
    LabelloopError,
    pa.ArrowException,
    OSError,
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    yaml.YAMLError,
)
"""What reading damaged or malformed data raises. ValueError holds JSON's and Unicode's errors."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    kind : str
        ledger, file, data, git, mlflow, vendor or money.
    where : str
        Such as ``ledger/00000017.json`` or ``snapshot/answers.parquet of round 3``.
    what : str
        In words that a user knows.
    """

    kind: str
    where: str
    what: str


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
    """

    entries: int
    head: str
    problems: tuple[Problem, ...]
    unchecked: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Give it as `labelloop audit --json` prints it."""
        return {
            "ok": self.ok,
            "entries": self.entries,
            "head": self.head,
            "problems": [asdict(problem) for problem in self.problems],
            "unchecked": list(self.unchecked),
        }


@dataclass
class Findings:
    """Collects problems, in the order in which they are found."""

    problems: list[Problem] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def problem(self, kind: str, where: str, what: str) -> None:
        """Add a problem; of one place, the first that is found is nearest to the cause."""
        if where not in {problem.where for problem in self.problems}:
            self.problems.append(Problem(kind, where, what))

    def skip(self, what: str) -> None:
        """Add something that cannot be checked here."""
        if what not in self.unchecked:
            self.unchecked.append(what)

    @contextmanager
    def guarded(self, kind: str, where: str) -> Iterator[None]:
        """Turn what broken data raises inside into a problem, and what is elsewhere into a note."""
        try:
            yield
        except NotHereError as error:
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
