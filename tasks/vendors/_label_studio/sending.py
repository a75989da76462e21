"""Sending tasks so that each key is there once, whoever else sends."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.domain.errors import (
    BatchDeletedError,
    OutcomeUnknownError,
    RejectedItemError,
    ThrottledError,
    TransientError,
    VendorError,
    VendorRefusedError,
)
from tasks.domain.incoming import Receipt
from tasks.domain.outgoing import Task
from tasks.vendors._http.reply import Reply, decoded
from tasks.vendors._label_studio import display
from tasks.vendors._label_studio.counting import OPEN
from tasks.vendors._label_studio.project import Project, Reference
from tasks.vendors._label_studio.reading import keys
from tasks.vendors._label_studio.records import KEY
from tasks.vendors._label_studio.server import Server, where

PLACE = re.compile(r"\b(?:item|Task) (\d+)\b")

Ids = dict[str, list[int]]


@dataclass
class Sending:
    """What one account knows to be at the server, so that it need not list it for every call."""

    server: Server
    _known: dict[int, tuple[int, Ids]] = field(default_factory=dict)

    def send(self, reference: Reference, project: Project, tasks: Sequence[Task]) -> list[Receipt]:
        """Send what is not there yet, in one request; then see that nothing is there twice."""
        bodies = _bodies(reference, tasks)
        there = self._there(project)
        missing = [task for task in tasks if task.key not in there]
        if missing:
            reply = self.server.put_tasks(project.id, [bodies[task.key] for task in missing])
            _refuse_rejected(reply, missing, project.id)
            there = self._looked_after(reference, project, missing, _ids(reply, missing))
        self._ask_for_fewer(reference, tasks, there)
        return [Receipt(task.key, str(there[task.key][0])) for task in tasks]

    def single(self, project: int) -> Ids:
        """List what is there by key, and delete what is there twice and not answered."""
        there = keys(self.server, project)
        double = {key: ids for key, ids in there.items() if len(ids) > 1}
        if double:
            # By key too: a server may give the id of a task that another process has just
            # deleted to a new one.
            ours = where(f"data.{KEY}", "in_list", "String", sorted(double))
            later = [one for ids in double.values() for one in ids[1:]]
            self.server.delete_tasks(project, [ours, *OPEN], later)
        return there

    def _looked_after(
        self, reference: Reference, before: Project, sent: Sequence[Task], ids: list[int]
    ) -> Ids:
        try:
            return self._settled(reference, before, sent, ids)
        except (TransientError, ThrottledError) as error:
            # The tasks are there, and maybe twice: the caller is to look before it goes on.
            raise OutcomeUnknownError(error.what, where=error.where, fix=error.fix) from error

    def _there(self, project: Project) -> Ids:
        total, known = self._known.get(project.id, (-1, {}))
        if project.task_number and total != project.task_number:
            known = keys(self.server, project.id)
        elif not project.task_number:
            known = {}
        self._known[project.id] = (project.task_number, known)
        return known

    def _settled(
        self, reference: Reference, before: Project, sent: Sequence[Task], ids: list[int]
    ) -> Ids:
        now, _ = self.server.project(reference)
        known = self._known.pop(before.id)[1]
        if ids and now.task_number == before.task_number + len(sent):
            known = known | {task.key: [one] for task, one in zip(sent, ids, strict=True)}
            self._known[before.id] = (now.task_number, known)
            return known
        return self._listed(before.id, sent)

    def _listed(self, project: int, sent: Sequence[Task]) -> Ids:
        there = self.single(project)
        if lost := [task.key for task in sent if task.key not in there]:
            what = f"took {len(sent)} tasks and does not list {len(lost)} of them"
            raise OutcomeUnknownError(what, where=f"project {project}", fix="look again")
        return there

    def _ask_for_fewer(self, reference: Reference, tasks: Sequence[Task], there: Ids) -> None:
        # A new task gets the project's number of answers, whatever its import says.
        for task in tasks:
            if task.copies != reference.copies:
                self.server.change_task(there[task.key][0], {"overlap": task.copies})


def _bodies(reference: Reference, tasks: Sequence[Task]) -> dict[str, Any]:
    bodies: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for task in tasks:
        try:
            bodies[task.key] = {
                "data": display.data(task, reference.shown),
                "meta": {KEY: task.key, display.COPIES: task.copies},
                **display.prediction(task, reference.shown),
            }
        except ValueError as error:
            reasons[task.key] = str(error)
    if reasons:
        raise RejectedItemError(reasons, where="vendor.send")
    return bodies


def _ids(reply: Reply, sent: Sequence[Task]) -> list[int]:
    """Read the ids of new tasks; none if the answer is not what it should be."""
    body = decoded(reply, once=True)
    ids = body.get("task_ids") if isinstance(body, Mapping) else None
    if not isinstance(ids, list) or len(ids) != len(sent):
        return []
    return ids if all(type(one) is int for one in ids) else []


def _refuse_rejected(reply: Reply, sent: Sequence[Task], project: int) -> None:
    if reply.status == 404:
        raise BatchDeletedError(f"project {project} was deleted", where=reply.where)
    if reply.status == 400:
        raise _rejection(reply, sent)


def _rejection(reply: Reply, sent: Sequence[Task]) -> VendorError:
    reasons: dict[str, str] = {}
    for place, reason in _complaints(decoded(reply)):
        if place < len(sent):
            reasons.setdefault(sent[place].key, reason)
    if reasons:
        return RejectedItemError(reasons, where=reply.where)
    return VendorRefusedError(f"answered 400: {reply.said()}", where=reply.where)


def _complaints(body: Any) -> list[tuple[int, str]]:
    errors = body.get("validation_errors") if isinstance(body, Mapping) else None
    groups = errors.values() if isinstance(errors, Mapping) else []
    lines = [
        line
        for group in groups
        if isinstance(group, list)
        for entry in group
        if isinstance(entry, str)
        for line in entry.splitlines()
    ]
    # What follows is the whole item, which the caller has.
    said = [" ".join(line.partition(" :: ")[0].split())[:300] for line in lines]
    return [(int(found[1]), line) for line in said if (found := PLACE.search(line))]
