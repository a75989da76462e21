"""Counting a batch without reading it: totals for what is usual, tasks only for what is not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from tasks.domain.incoming import MalformedRecordError
from tasks.vendors._label_studio.display import COPIES
from tasks.vendors._label_studio.project import Project, Reference
from tasks.vendors._label_studio.reading import twins
from tasks.vendors._label_studio.records import GOLD, KEY, key_of, parse, record
from tasks.vendors._label_studio.server import Filter, Server, where

ODD = 2000
"""Tasks with skips, empty answers or too many that are looked at one by one."""

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Count:
    """How far a batch is.

    Attributes
    ----------
    expected : int
    labelled : int
        Answers with a label.
    answered : int
        The same without what is more than a task asked for.
    gone : int
        Answers that were asked for and used up by a skip or an empty one.
    """

    expected: int = 0
    labelled: int = 0
    answered: int = 0
    gone: int = 0

    @classmethod
    def of(cls, copies: int, made: Json) -> Self:
        """Count one task."""
        try:
            answers = parse(made).answers
        except MalformedRecordError:
            return cls(copies)
        labelled = sum(answer.label is not None for answer in answers)
        used = sum(answer.label is None and answer.note != GOLD for answer in answers)
        answered = min(labelled, copies)
        return cls(copies, labelled, answered, min(used, copies - answered))

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.expected + other.expected,
            self.labelled + other.labelled,
            self.answered + other.answered,
            self.gone + other.gone,
        )


@dataclass(frozen=True)
class Counting:
    """One batch as it is counted."""

    server: Server
    reference: Reference
    size: int

    def count(self, project: Project) -> Count:
        """Count with a bounded number of requests, unless tasks are starred or doubled."""
        totals = self._totals(project)
        tasks = sum(total for total, _ in totals.values())
        doubled = tasks > self.reference.tasks and twins(self.server, project.id)
        odd = None if project.ground_truth_number or doubled else self._odd(totals)
        if odd is None:
            return _one_by_one(self.server.walk(project.id, self.size, whole=True))
        expected = sum(copies * total for copies, (total, _) in totals.items())
        usual = sum(answers for _, answers in totals.values())
        usual -= sum(int(task.get("total_annotations") or 0) for task in odd)
        some = _one_by_one(odd)
        return Count(expected, usual + some.labelled, usual + some.answered, some.gone)

    def _totals(self, project: Project) -> dict[int, tuple[int, int]]:
        """Count tasks, and their annotations, by the answers that they want."""
        most = self.reference.copies
        totals = {most: self._total([where(f"data.{COPIES}", "equal", "Number", most)])}
        if totals[most][0] != project.task_number:
            for copies in range(1, most):
                totals[copies] = self._total([where(f"data.{COPIES}", "equal", "Number", copies)])
        return totals

    def _total(self, filters: list[Filter]) -> tuple[int, int]:
        found = self.server.tasks(self.reference.project, 1, filters)
        return found.total, found.answers

    def _odd(self, totals: Mapping[int, tuple[int, int]]) -> list[Json] | None:
        """Read the tasks whose annotations may be no answers; None if these are too many."""
        odd = [
            where("cancelled_annotations", "greater", "Number", 0),
            where("annotations_results", "equal", "String", "[]"),
        ]
        for copies, (total, _) in totals.items():
            more = where("total_annotations", "greater", "Number", copies)
            if total:
                odd.append(where(f"data.{COPIES}", "equal", "Number", copies, child=more))
        found = self.server.tasks(self.reference.project, ODD, odd, any_of=True, whole=True).tasks
        ours = {int(task["id"]): task for task in found if key_of(task)}
        return None if len(found) >= ODD else list(ours.values())


def _one_by_one(tasks: Iterable[Json]) -> Count:
    groups: dict[str, list[Json]] = {}
    for task in tasks:
        if key := key_of(task):
            groups.setdefault(key, []).append(task)
    return sum((Count.of(_copies(some[0]), record(0, some)) for some in groups.values()), Count())


def _copies(task: Json) -> int:
    copies = task["meta"].get(COPIES)
    return copies if type(copies) is int and copies > 0 else 1


OURS = where(f"data.{KEY}", "empty", "String", False)
"""Tasks that have a key."""
OPEN = [where(f"{kind}_annotations", "equal", "Number", 0) for kind in ("total", "cancelled")]
"""Tasks that nobody has answered or skipped."""
