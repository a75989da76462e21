"""A campaign's account at a Label Studio server."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from tasks.domain.errors import (
    BatchConflictError,
    CapabilityMissingError,
    VendorClosedError,
    VendorRefusedError,
)
from tasks.domain.incoming import Page, Progress, Receipt, Statement
from tasks.domain.outgoing import BatchSpec, Decision, Task, VendorContext, Webhook
from tasks.domain.outgoing import Reference as Kept
from tasks.trust import places
from tasks.vendors._http.client import Http, Patience
from tasks.vendors._label_studio import display, webhooks
from tasks.vendors._label_studio.counting import OPEN, OURS, Count, Counting
from tasks.vendors._label_studio.project import Marker, Project, Reference, title
from tasks.vendors._label_studio.reading import Cursor, Reading, twins
from tasks.vendors._label_studio.sending import Sending
from tasks.vendors._label_studio.server import Server
from tasks.vendors._label_studio.token import Token

if TYPE_CHECKING:
    from tasks.vendors.label_studio import LabelStudio

OLDEST = (1, 20)
"""The first version that has personal access tokens and lets a reader choose fields."""


class LabelStudioAccount:
    """A campaign's account; every batch is a project of its own.

    A batch is known by a line in its project's description, never by its title. Two processes
    that make it at once end with the project of the lowest number.
    """

    def __init__(self, options: "LabelStudio", context: VendorContext) -> None:
        self._options, self._context = options, context
        patience = Patience(options.timeout, options.attempts, options.pause)
        token = Token(options.token_env, places.origin(options.url))
        self._server = Server(Http(options.url, token, context.outgoing, patience))
        self._sending = Sending(self._server)
        self._walk: tuple[tuple[dict[str, Any], dict[str, Any]], Reading] | None = None

    def preflight(self) -> None:
        """Raise a `VendorRefusedError` if no Label Studio is there that knows the token."""
        version = self._server.version()
        release = version.get("release") if isinstance(version, Mapping) else None
        if not isinstance(release, str):
            fix = "set url to the address of a Label Studio server"
            raise VendorRefusedError("is no Label Studio", where=self._options.url, fix=fix)
        if _numbers(release) < OLDEST:
            what = f"is Label Studio {release[:20]}, which is too old"
            fix = f"upgrade it to {'.'.join(map(str, OLDEST))} or newer"
            raise VendorRefusedError(what, where=self._options.url, fix=fix)
        self._server.whoami()

    def ensure_batch(self, spec: BatchSpec) -> Kept:
        """Find the batch's project, or make it.

        Raises
        ------
        BatchConflictError
            There is one, and it was made for other classes, fields or copies.
        """
        marker = Marker.of(self._context.campaign, spec)
        project = self._found(marker)
        if project is None:
            self._server.make_project(self._setup(marker, spec))
            # Somebody else may have made it at the same time.
            project = self._found(marker)
        if project is None:
            what = f"made a project for batch {spec.name} and does not list it"
            raise VendorRefusedError(what, where=self._options.url)
        return project.refer(marker.batch, spec).model_dump()

    def submit(self, reference: Kept, tasks: Sequence[Task]) -> list[Receipt]:
        """Send tasks, all or none; those that are there keep their receipt."""
        if len(tasks) > (most := self._options.capabilities.max_tasks):
            raise CapabilityMissingError(f"takes at most {most} tasks in one call")
        ours, project, marker, _ = self._opened(reference)
        if marker.state != "open":
            what = f"batch {ours.batch} is {marker.state} and takes no more tasks"
            raise VendorClosedError(what, where=f"project {project.id}")
        project.refuse_other_classes(ours.classes)
        return self._sending.send(ours, project, tasks) if tasks else []

    def reconcile(self, reference: Kept) -> list[Receipt]:
        """List the batch's tasks by key; of tasks with the same key only the first stays."""
        _, project, _, _ = self._opened(reference)
        found = self._sending.single(project.id)
        return [Receipt(key, str(found[key][0])) for key in sorted(found)]

    def poll(self, reference: Kept) -> Progress:
        """Count on the server's side; the cost grows with skips and stars, not with the batch."""
        ours, project, marker, now = self._opened(reference)
        if marker.state == "open":
            project.refuse_other_classes(ours.classes)
        count = self._count(ours, project)
        hours = max((now - project.created_at).total_seconds() / 3600, 0.0)
        if marker.expected is None:
            return Progress(count.expected, count.answered, hours, count.gone)
        answered = min(count.answered, marker.expected)
        return Progress(marker.expected, answered, hours, marker.expected - answered)

    def fetch(self, reference: Kept, cursor: Mapping[str, Any] | None) -> Page:
        """Get tasks that changed, each with all its annotations as they are now."""
        known = Cursor.of(cursor)
        here = (dict(reference), dict(cursor or {}))
        # Whoever goes on where the last page ended need not have the project judged again.
        reading = self._walk[1] if self._walk and self._walk[0] == here else None
        reading = reading or self._reading(reference)
        page = reading.page(known)
        self._walk = ((dict(reference), dict(page.cursor)), reading) if page.more else None
        return page

    def export_raw(self, reference: Kept) -> tuple[Mapping[str, Any], ...]:
        """Get every task that anybody has touched, with all its annotations."""
        return self._reading(reference).everything()

    def decide(self, reference: Kept, decisions: Sequence[Decision]) -> NoReturn:
        """Raise a `CapabilityMissingError`: it pays nobody."""
        raise CapabilityMissingError("Label Studio pays no annotators, so nothing is accepted")

    def extend(self, reference: Kept, hours: float) -> NoReturn:
        """Raise a `CapabilityMissingError`: a project has no end."""
        raise CapabilityMissingError("a Label Studio project has no deadline to extend")

    def cancel(self, reference: Kept) -> None:
        """Delete the batch's tasks that nobody has touched, and ask for no second answers.

        The server finds and deletes them in one step.
        """
        ours, project, marker, _ = self._opened(reference)
        if marker.expected is None:
            marker = marker.end("cancelled", self._count(ours, project).expected)
            self._write(project, marker, maximum_annotations=1)
        self._server.delete_tasks(project.id, [OURS, *OPEN])

    def close(self, reference: Kept) -> None:
        """Mark the project as closed; everything in it stays."""
        _, project, marker, _ = self._opened(reference)
        self._write(project, marker.end("closed"), is_published=False)

    def statement(self, references: Sequence[Kept]) -> Statement:
        """Count answers, at the campaign's price, and list tasks; Label Studio charges nothing."""
        tasks: dict[str, str] = {}
        answers = 0
        for reference in references:
            ours, project, _, _ = self._opened(reference)
            tasks |= {one.key: one.task_id for one in self.reconcile(reference)}
            answers += self._count(ours, project).labelled
        return Statement(tasks, answers, answers * self._context.price)

    def subscribe(self, reference: Kept, hook: Webhook) -> None:
        """Have the batch's project send its events to an address."""
        _, project, _, _ = self._opened(reference)
        webhooks.subscribe(self._server, project.id, hook)

    def unsubscribe(self, reference: Kept, hook: Webhook) -> None:
        """Have the batch's project send no more events to an address."""
        _, project, _, _ = self._opened(reference)
        webhooks.unsubscribe(self._server, project.id, hook)

    def disconnect(self) -> None:
        """Let go of all connections."""
        self._server.close()

    def _opened(self, reference: Kept) -> tuple[Reference, Project, Marker, datetime]:
        ours = Reference.of(reference)
        project, now = self._server.project(ours)
        # Whoever edits the description takes the line away, not the tasks.
        return ours, project, project.marker or Marker(ours.batch, ""), now

    def _reading(self, reference: Kept) -> Reading:
        ours, project, _, _ = self._opened(reference)
        crowded = project.task_number > ours.tasks
        double = twins(self._server, project.id) if crowded else {}
        return Reading(self._server, ours, self._options.page, self._options.lag, double)

    def _count(self, ours: Reference, project: Project) -> Count:
        return Counting(self._server, ours, self._options.page).count(project)

    def _found(self, marker: Marker) -> Project | None:
        known = [(one, one.marker) for one in self._server.projects()]
        found = sorted(
            ((one, mark) for one, mark in known if mark and mark.batch == marker.batch),
            key=lambda pair: pair[0].id,
        )
        if not found:
            return None
        if found[0][1].spec != marker.spec:
            what = f"batch {marker.batch} is there with other classes, fields or copies"
            raise BatchConflictError(what, where=f"project {found[0][0].id}")
        for project, mark in found[1:]:
            if not project.task_number and mark.spec == marker.spec:
                self._server.delete_project(project.id)
        return found[0][0]

    def _setup(self, marker: Marker, spec: BatchSpec) -> dict[str, Any]:
        return {
            "title": title(spec.name),
            "description": marker.write(),
            "label_config": display.setup(spec, self._options.question),
            "expert_instruction": self._options.instructions,
            "show_instruction": bool(self._options.instructions),
            "maximum_annotations": spec.copies,
            "show_collab_predictions": spec.prelabels,
            "enable_empty_annotation": False,
            "show_skip_button": True,
            # A skip uses up one of the answers that were asked for. Else a task that everybody
            # skips would be offered for ever.
            "skip_queue": "IGNORE_SKIPPED",
        }

    def _write(self, project: Project, marker: Marker, **more: Any) -> None:
        body = {"description": marker.write(), **more}
        self._server.change_project(project.id, body)


def _numbers(release: str) -> tuple[int, ...]:
    parts = release.split(".")[:2]
    return tuple(int(part) if part.isdigit() else 0 for part in parts)
