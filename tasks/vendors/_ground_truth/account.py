"""A campaign's account with Ground Truth."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasks.domain import crash
from tasks.domain.errors import (
    BatchConflictError,
    CapabilityMissingError,
    TransientError,
    VendorClosedError,
    VendorRefusedError,
)
from tasks.domain.incoming import Page, Progress, Receipt, Statement
from tasks.domain.outgoing import BatchSpec, Decision, Reference, Task, VendorContext
from tasks.objects.store import open_objects
from tasks.vendors._ground_truth import manifest as manifests
from tasks.vendors._ground_truth.answers import Answers
from tasks.vendors._ground_truth.batch import CANCELLED, CLOSED, Batch
from tasks.vendors._ground_truth.jobs import Jobs
from tasks.vendors._ground_truth.manifest import Manifest, shown_as
from tasks.vendors._ground_truth.names import MAX_COPIES, MAX_TASKS, Place
from tasks.vendors._ground_truth.page import categories, page, page_name
from tasks.vendors._ground_truth.reading import Reading, Running, hours_between
from tasks.vendors._ground_truth.request import CATEGORIES, is_ours, job_request

if TYPE_CHECKING:
    from tasks.vendors.ground_truth import GroundTruth

MOST_TRIES = 100
FEWEST_CLASSES, MOST_CLASSES = 2, 50


class GroundTruthAccount:
    """A campaign's account with Ground Truth.

    A batch is a folder in the bucket. Its tasks stand in numbered manifests, and manifest n is
    done by the job named after batch and n, so a job that is there is never made again, and one
    that is missing after a crash is made by the next `submit`.
    """

    def __init__(self, options: "GroundTruth", context: VendorContext) -> None:
        self._options, self._context = options, context
        self._objects = open_objects(options.url, options.access)
        self._jobs = Jobs(options, context.outgoing)
        self._batches: dict[str, Batch] = {}

    def preflight(self) -> None:
        """Raise a `VendorRefusedError` if a batch could not be sent now; change nothing."""
        _refuse_classes(self._context.classes)
        self._objects.check()
        self._jobs.check_team()

    def ensure_batch(self, spec: BatchSpec) -> Reference:
        """Write down what the batch is; raise a `BatchConflictError` if it is another."""
        _refuse_classes(spec.classes)
        self._refuse_impossible(spec)
        self._batches.pop(spec.name, None)
        batch = self._opened(spec.name)
        if not batch.describe(spec, self._context.campaign):
            what = "is there and is another batch"
            raise BatchConflictError(what, where=batch.place.uri(""), fix="use another prefix")
        batch.write(CATEGORIES, categories(spec.classes))
        return {"url": self._options.url, "batch": spec.name}

    def submit(self, reference: Reference, tasks: Sequence[Task]) -> list[Receipt]:
        """Put what is new into manifests, and make the jobs of all manifests that have none.

        Raises
        ------
        RejectedItemError
            Ground Truth could not take some tasks.
        VendorClosedError
            The batch was closed, cancelled or deleted.
        """
        if len(tasks) > MAX_TASKS:
            what = f"Ground Truth takes {MAX_TASKS} tasks at once, not {len(tasks)}"
            raise CapabilityMissingError(what, fix="send them in parts")
        batch = self._of(reference)
        batch.refuse_ended()
        own_page = bool(self._options.template)
        lines = manifests.lines(tasks, batch.fields, own_page=own_page)
        self._add(batch, tasks, lines)
        there = {one.manifest.number for one in self._running(batch)}
        for manifest in batch.manifests():
            if manifest.number not in there:
                self._make_job(batch, manifest)
        receipts = {receipt.key: receipt for receipt in _receipts(batch, batch.manifests())}
        return [receipts[task.key] for task in tasks]

    def reconcile(self, reference: Reference) -> list[Receipt]:
        """List the tasks of the jobs that are there, in the order of keys."""
        batch = self._read(reference)
        there = [one.manifest for one in self._running(batch)]
        return sorted(_receipts(batch, there), key=lambda receipt: receipt.key)

    def poll(self, reference: Reference) -> Progress:
        """Count; a job that has ended has lost what is missing of it."""
        batch = self._read(reference)
        return self._reading(batch).progress(hours_between(batch.created, self._objects.now()))

    def fetch(self, reference: Reference, cursor: Mapping[str, Any] | None) -> Page:
        """Get the answers of objects that have other files than at the cursor."""
        return self._reading(self._read(reference)).page(cursor)

    def export_raw(self, reference: Reference) -> tuple[Mapping[str, Any], ...]:
        """Get all answers that the bucket has."""
        return self._reading(self._read(reference)).everything()

    def decide(self, reference: Reference, decisions: Sequence[Decision]) -> None:
        """Raise a `CapabilityMissingError`: work teams are paid outside of Ground Truth."""
        raise CapabilityMissingError("Ground Truth neither accepts nor rejects single answers")

    def extend(self, reference: Reference, hours: float) -> None:
        """Raise a `CapabilityMissingError`: a job keeps the hours it was made with."""
        fix = "set available_hours before the round is sent"
        raise CapabilityMissingError("Ground Truth prolongs no labeling job", fix=fix)

    def cancel(self, reference: Reference) -> None:
        """Stop all jobs of the batch; none of them can go on, and nothing more can be sent."""
        batch = self._read(reference)
        batch.write(CANCELLED, b"{}")
        for manifest in batch.manifests():
            self._jobs.stop(batch.job(manifest))

    def close(self, reference: Reference) -> None:
        """Write down that nothing more is wanted; jobs that run go on."""
        self._read(reference).write(CLOSED, b"{}")

    def statement(self, references: Sequence[Reference]) -> Statement:
        """Count what Ground Truth has of some batches; the cost is that of the answers alone."""
        tasks: dict[str, str] = {}
        answers = 0
        for reference in references:
            batch = self._read(reference)
            running = self._running(batch)
            tasks |= {
                one.key: one.task_id for one in _receipts(batch, [r.manifest for r in running])
            }
            answers += self._reading(batch, running).labelled()
        return Statement(dict(sorted(tasks.items())), answers, answers * self._context.price)

    def disconnect(self) -> None:
        """Let go of connections."""
        self._objects.close()
        self._jobs.close()

    def _add(self, batch: Batch, tasks: Sequence[Task], lines: Mapping[str, str]) -> None:
        for _ in range(MOST_TRIES):
            if self._all_added(batch, tasks, lines):
                return
        raise TransientError("others send without end", where=batch.place.uri(""))

    def _all_added(self, batch: Batch, tasks: Sequence[Task], lines: Mapping[str, str]) -> bool:
        """Write manifests for what is in none; False if others wrote one meanwhile."""
        there = {key for manifest in batch.manifests() for key in manifest.keys}
        new = {task.key: task.copies for task in tasks if task.key not in there}
        for copies in sorted(set(new.values())):
            if not batch.add(lines[key] for key in new if new[key] == copies):
                return False
        return True

    def _make_job(self, batch: Batch, manifest: Manifest) -> None:
        shown = shown_as(batch.fields)
        address = self._options.template
        if not address:
            content = page(shown, self._options.title, self._options.description)
            batch.write(page_name(content), content)
            address = batch.place.uri(page_name(content))
        request = job_request(self._options, batch.place, manifest, shown, address)
        with crash.guarded(f"ground_truth:job-{manifest.number}"):
            if not self._jobs.create(request):
                self._adopt(request)
        if batch.has(CANCELLED):
            self._jobs.stop(request["LabelingJobName"])
            raise VendorClosedError("the batch was cancelled", where=batch.place.uri(""))

    def _adopt(self, request: dict[str, Any]) -> None:
        name = request["LabelingJobName"]
        job = self._jobs.describe(name)
        if job is None or not is_ours(dict(job), request):
            fix = "use another prefix in the bucket"
            raise BatchConflictError("another labeling job has this name", where=name, fix=fix)

    def _running(self, batch: Batch) -> list[Running]:
        listed = self._jobs.find(batch.place.stem)
        found = []
        for manifest in batch.manifests():
            name = batch.job(manifest)
            # The newest jobs may be missing in the list.
            job = listed.get(name) or self._jobs.describe(name)
            if job is not None and self._is_of(job, batch, manifest):
                found.append(Running(manifest, job))
        return found

    def _is_of(self, job: Mapping[str, Any], batch: Batch, manifest: Manifest) -> bool:
        source = job.get("InputConfig", {}).get("DataSource", {}).get("S3DataSource", {})
        uri = batch.place.uri(batch.place.manifest(manifest.number))
        return bool(source.get("ManifestS3Uri", uri) == uri)

    def _reading(self, batch: Batch, running: list[Running] | None = None) -> Reading:
        answers = Answers(self._objects, batch.place, self._context.home)
        running = self._running(batch) if running is None else running
        return Reading(batch, self._objects, answers, running, self._options.label_path)

    def _read(self, reference: Reference) -> Batch:
        batch = self._of(reference)
        batch.refuse_deleted()
        return batch

    def _of(self, reference: Reference) -> Batch:
        url, name = reference.get("url"), reference.get("batch")
        if not isinstance(name, str) or url != self._options.url:
            what = f"lies at {url}, and the vendor's url is {self._options.url}"
            raise VendorRefusedError(what, where=f"batch {name}", fix="set the url as it was")
        return self._opened(name)

    def _opened(self, name: str) -> Batch:
        place = Place(self._options.url, name)
        return self._batches.setdefault(name, Batch(self._objects, place, self._context.outgoing))

    def _refuse_impossible(self, spec: BatchSpec) -> None:
        if spec.copies > MAX_COPIES:
            what = f"Ground Truth asks at most {MAX_COPIES} people, not {spec.copies}"
            raise CapabilityMissingError(what, fix="ask for fewer answers")
        if spec.prelabels:
            raise CapabilityMissingError("Ground Truth's pages show no guesses of a model")
        images = [name for name, kind in spec.fields.items() if kind == "image"]
        if len(images) > 1 or (images and len(spec.fields) > 1 and not self._options.template):
            what = "Ground Truth's page shows one image and nothing else"
            fix = "send that field alone, or set template"
            raise VendorRefusedError(what, where="vendor.send", fix=fix)


def _refuse_classes(classes: Sequence[str]) -> None:
    if not FEWEST_CLASSES <= len(classes) <= MOST_CLASSES:
        what = f"Ground Truth offers {FEWEST_CLASSES} to {MOST_CLASSES} classes, not {len(classes)}"
        raise VendorRefusedError(what, where="classes")


def _receipts(batch: Batch, there: Sequence[Manifest]) -> list[Receipt]:
    return [
        Receipt(key, f"{batch.job(manifest)}/{line}")
        for manifest in there
        for line, key in enumerate(manifest.keys)
    ]
