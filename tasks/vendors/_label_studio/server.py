"""The calls to a Label Studio server, each with what its answer must look like."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tasks.domain.errors import BatchDeletedError, OutcomeUnknownError, TransientError
from tasks.vendors._http.client import Http
from tasks.vendors._http.reply import Reply, decoded, is_json
from tasks.vendors._label_studio.project import INCLUDE, Project, Reference
from tasks.vendors._label_studio.records import FIELDS

PROJECTS = 100
"""Projects in one page; the server gives no more."""

Json = dict[str, Any]
Filter = Json


def where(column: str, operator: str, kind: str, value: Any, child: Filter | None = None) -> Filter:
    """Make a filter of tasks; with `child`, both must hold."""
    made = {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}
    return made if child is None else {**made, "child_filter": child}


@dataclass(frozen=True)
class Tasks:
    """Some tasks of a project, and how many there are that match.

    Attributes
    ----------
    total, answers : int
        Tasks that match, and their annotations that are no skips; not of this page alone.
    """

    tasks: list[Json]
    total: int
    answers: int
    at: datetime


class Server:
    """One Label Studio server."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def close(self) -> None:
        """Let go of all connections."""
        self._http.close()

    def version(self) -> Any:
        """Ask which version it is."""
        reply = self._http.get("/api/version", allow=(404,))
        return None if reply.status == 404 else decoded(reply)

    def whoami(self) -> Any:
        """Ask who the token belongs to."""
        return decoded(self._http.get("/api/current-user/whoami"))

    def project(self, reference: Reference) -> tuple[Project, datetime]:
        """Read the project of a batch, and the server's time.

        Raises
        ------
        BatchDeletedError
            The server has no such project any more.
        TransientError
            Something else than Label Studio says that there is no such page.
        """
        path = f"/api/projects/{reference.project}/"
        reply = self._http.get(path, {"include": INCLUDE}, allow=(404,))
        if reply.status != 404:
            project = _as(Project, reply)
            if project.is_of(reference):
                return project, reply.at
        _refuse_page(reply)
        what = f"project {reference.project} of batch {reference.batch} was deleted"
        raise BatchDeletedError(what, where=reply.where)

    def projects(self) -> Iterator[Project]:
        """List all projects, newest first."""
        number, more = 1, True
        while more:
            params = {"include": "id,description,created_at,task_number"}
            page = {"page": number, "page_size": PROJECTS, **params}
            reply = self._http.get("/api/projects/", page, allow=(404,))
            if reply.status == 404:
                return
            body = decoded(reply)
            yield from _as_list(Project, body, "results", reply)
            number, more = number + 1, bool(body.get("next"))

    def make_project(self, body: Json) -> Project:
        """Make a project."""
        return _as(Project, self._http.send("POST", "/api/projects/", body), once=True)

    def change_project(self, number: int, body: Json) -> None:
        """Change a project; doing it twice is the same."""
        self._http.send("PATCH", f"/api/projects/{number}/", body, repeatable=True)

    def delete_project(self, number: int) -> None:
        """Delete a project; it may be gone already."""
        path = f"/api/projects/{number}/"
        self._http.send("DELETE", path, None, allow=(404,), repeatable=True)

    def webhooks(self, project: int) -> list[Json]:
        """List the webhooks of a project, with their secrets."""
        body = decoded(self._http.get("/api/webhooks/", {"project": project}))
        try:
            found = TypeAdapter(list[Json]).validate_python(body)
            return [one for one in found if type(one["id"]) is int and one["project"] == project]
        except (ValidationError, KeyError):
            what = "answered something that is no list of webhooks"
            raise TransientError(what, where="GET /api/webhooks/") from None

    def make_webhook(self, body: Json) -> None:
        """Make a webhook."""
        self._http.send("POST", "/api/webhooks/", body, secret=True)

    def change_webhook(self, number: int, body: Json) -> None:
        """Change a webhook; doing it twice is the same."""
        path = f"/api/webhooks/{number}/"
        self._http.send("PATCH", path, body, repeatable=True, secret=True)

    def delete_webhook(self, number: int) -> None:
        """Delete a webhook; it may be gone already."""
        path = f"/api/webhooks/{number}/"
        self._http.send("DELETE", path, None, allow=(404,), repeatable=True)

    def put_tasks(self, project: int, tasks: Sequence[Json]) -> Reply:
        """Import tasks, all or none; a reply of status 400 says which cannot be taken."""
        path = f"/api/projects/{project}/import"
        params = {"return_task_ids": "true"}
        reply = self._http.send("POST", path, list(tasks), params=params, allow=(400, 404))
        _refuse_page(reply)
        return reply

    def change_task(self, number: int, body: Json) -> None:
        """Change a task; doing it twice is the same."""
        self._http.send("PATCH", f"/api/tasks/{number}/", body, repeatable=True)

    def delete_tasks(self, project: int, filters: list[Filter], ids: Sequence[int] = ()) -> None:
        """Delete tasks that match all filters, of `ids` if given; the server judges at once."""
        chosen = {"all": False, "included": list(ids)} if ids else {"all": True, "excluded": []}
        body = {"filters": {"conjunction": "and", "items": filters}, "selectedItems": chosen}
        params = {"id": "delete_tasks", "project": project}
        self._http.send("POST", "/api/dm/actions/", body, params=params, repeatable=True)

    def tasks(
        self,
        project: int,
        size: int,
        filters: Sequence[Filter] = (),
        *,
        any_of: bool = False,
        order: str = "id",
        ids: Sequence[int] = (),
        whole: bool = False,
    ) -> Tasks:
        """Read the first tasks that match, in an order; `whole` with their annotations."""
        query: Json = {"ordering": [f"tasks:{order}"]}
        if filters:
            conjunction = "or" if any_of else "and"
            query["filters"] = {"conjunction": conjunction, "items": list(filters)}
        if ids:
            query["selectedItems"] = {"all": False, "included": list(ids)}
        fields = {"include": FIELDS, "fields": "all"} if whole else {"include": "id,meta"}
        params = {
            "project": project,
            "page": 1,
            "page_size": size,
            "resolve_uri": "false",
            "query": json.dumps(query),
            **fields,
        }
        reply = self._http.get("/api/tasks/", params, allow=(404,))
        if reply.status == 404:
            _refuse_page(reply)
            raise BatchDeletedError(f"project {project} was deleted", where=reply.where)
        return _tasks(reply)

    def walk(self, project: int, size: int, *, whole: bool = False) -> Iterator[Json]:
        """Read all tasks by id; what is added or deleted meanwhile shifts no page."""
        last, more = 0, True
        while more:
            place = where("id", "greater", "Number", last)
            page = self.tasks(project, size, [place], whole=whole).tasks
            yield from page
            last, more = max((int(one["id"]) for one in page), default=last), len(page) >= size


def _refuse_page(reply: Reply) -> None:
    """Raise a `TransientError` for a 404 that a proxy gave while the server behind it is away."""
    if reply.status == 404 and not is_json(reply):
        what = "answered 404 and a page, which is not how Label Studio says it"
        raise TransientError(what, where=reply.where, fix="check that the server runs")


def _tasks(reply: Reply) -> Tasks:
    body = decoded(reply)
    try:
        tasks = TypeAdapter(list[Json]).validate_python(body["tasks"])
        total, answers = int(body["total"]), int(body["total_annotations"])
        if not all(type(task.get("id")) is int for task in tasks):
            raise ValueError
    except (ValidationError, KeyError, TypeError, ValueError):
        raise TransientError(
            "answered something that is no list of tasks", where=reply.where
        ) from None
    return Tasks(tasks, total, answers, reply.at)


def _as(kind: type[Project], reply: Reply, once: bool = False) -> Project:
    try:
        return kind.model_validate(decoded(reply, once))
    except ValidationError:
        error = OutcomeUnknownError if once else TransientError
        raise error("answered something that is no project", where=reply.where) from None


def _as_list(kind: type[Project], body: Any, name: str, reply: Reply) -> list[Project]:
    found = body.get(name) if isinstance(body, Mapping) else None
    try:
        return TypeAdapter(list[kind]).validate_python(found)  # type: ignore[valid-type]
    except ValidationError:
        raise TransientError("answered no list of projects", where=reply.where) from None
