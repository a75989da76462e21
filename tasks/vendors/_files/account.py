"""A campaign's account with people who have a spreadsheet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from tasks.domain.errors import (
    CapabilityMissingError,
    RejectedItemError,
    TransientError,
    VendorRefusedError,
)
from tasks.domain.files import make_folder
from tasks.domain.incoming import Page, Progress, Receipt, Statement
from tasks.domain.outgoing import BatchSpec, Decision, Reference, Task, VendorContext
from tasks.objects.folder import FolderObjects
from tasks.trust import guard
from tasks.vendors._files import kept, writing
from tasks.vendors._files.batch import Batch
from tasks.vendors._files.cells import folded
from tasks.vendors._files.options import MOST_TASKS, Options
from tasks.vendors._files.records import OfTask, Record, identity

RACES = 100
"""How often another process may be first before we give up."""


class FilesAccount:
    """A folder for each batch.

    Its truth is under ``do-not-edit``: what was sent, and what each look has found. Each file
    there is created only if none of its name exists, which is the only lock between processes.
    """

    def __init__(self, options: Options, context: VendorContext) -> None:
        self._options, self._context = options, context
        folder = Path(options.folder).expanduser()
        self._ours = not folder.is_absolute()
        home = context.home.absolute()
        for need in options.needs():
            guard.require(need, home.parent)
        self._root = home.parent / folder if options.folder else home / "files"
        self._objects = FolderObjects(self._root)
        self._batches: dict[str, Batch] = {}

    def preflight(self) -> None:
        """Raise a `VendorRefusedError` if the folder is not there, or a class cannot be told."""
        if not self._ours or self._root.is_dir():
            self._objects.check()
        for name in self._context.classes:
            if folded(name) == folded(self._options.skip):
                what = f"{name!r} is a class and the word for none too"
                raise VendorRefusedError(what, where="vendor.options.skip", fix="choose another")

    def ensure_batch(self, spec: BatchSpec) -> Reference:
        """Make the batch's folder; raises `BatchConflictError` if it is of another batch."""
        if spec.prelabels:
            _missing("show a guess")
        batch = self._batch(spec.name)
        self._make_root()
        batch.ensure(spec)
        return {"batch": spec.name}

    def submit(self, reference: Reference, tasks: Sequence[Task]) -> list[Receipt]:
        """Write a file to fill in with the tasks that no file has yet.

        Raises
        ------
        RejectedItemError
            Something does not fit into a cell, or cannot be written in the encoding.
        VendorClosedError
            The batch was closed, cancelled or deleted.
        """
        batch = self._of(reference)
        batch.refuse_if_over()
        if len(tasks) > MOST_TASKS:
            _missing(f"take {len(tasks)} tasks at once; {MOST_TASKS} are the most")
        plain = [kept.sent(task) for task in tasks]
        objections = {one.key: writing.objection(one, self._options) for one in plain}
        if reasons := {key: why for key, why in objections.items() if why}:
            fix = "leave the field out of vendor.send, or shorten it"
            raise RejectedItemError(reasons, where=batch.name, fix=fix)
        for _ in range(RACES):
            there = {one.key for chunk in batch.sent() for one in chunk}
            missing = {one.key: one for one in plain if one.key not in there}
            if not missing or batch.send(list(missing.values())):
                batch.publish()
                receipts = {receipt.key: receipt for receipt in batch.receipts()}
                return [receipts[task.key] for task in tasks]
        raise TransientError("others write to it all the time", where=batch.name)

    def reconcile(self, reference: Reference) -> list[Receipt]:
        """List the tasks whose file to fill in was written, by key."""
        return sorted(self._of(reference).receipts(), key=lambda receipt: receipt.key)

    def poll(self, reference: Reference) -> Progress:
        """Count what is asked for and what is there now; writes nothing."""
        batch = self._of(reference)
        copies = {task.key: task.copies for chunk in batch.sent() for task in chunk}
        given, declined = _counted(batch.state())
        answered = sum(min(most, given.get(key, 0)) for key, most in copies.items())
        expected = sum(copies.values())
        gone = expected - answered
        if not batch.is_cancelled:
            open_ = {key: most - min(most, given.get(key, 0)) for key, most in copies.items()}
            gone = sum(min(most, declined.get(key, 0)) for key, most in open_.items())
        hours = (datetime.now(UTC) - batch.made).total_seconds() / 3600
        return Progress(expected, answered, max(0.0, hours), gone)

    def fetch(self, reference: Reference, cursor: Mapping[str, Any] | None) -> Page:
        """Look at the files; give what looks have found that come after the cursor's.

        Raises
        ------
        VendorRefusedError
            A file cannot be read; names it, the row, and how to mend it. Nothing is lost by that.
        """
        batch, seen = self._of(reference), _seen(cursor)
        looks = self._look(batch)
        if seen > len(looks):
            what = f"{seen} looks were taken at it, and {len(looks)} are there"
            raise VendorRefusedError(what, where=batch.name, fix="restore do-not-edit")
        # Only the newest of what several looks have found of a task: older ones hold no longer.
        newest = {identity(record): record for look in looks[seen:] for record in look}
        records = tuple(record.model_dump(mode="json") for record in newest.values())
        return Page(records, {"seen": len(looks)})

    def export_raw(self, reference: Reference) -> tuple[Mapping[str, Any], ...]:
        """Give what the files now say of every task, and their bad rows."""
        batch = self._of(reference)
        self._look(batch)
        return tuple(record.model_dump(mode="json") for record in batch.state().values())

    def decide(self, reference: Reference, decisions: Sequence[Decision]) -> None:
        """Raise a `CapabilityMissingError`."""
        _missing("pay or refuse answers")

    def extend(self, reference: Reference, hours: float) -> None:
        """Raise a `CapabilityMissingError`."""
        _missing("extend a batch: it stays open until it is complete")

    def cancel(self, reference: Reference) -> None:
        """Look a last time; what is written into the files afterwards is not read."""
        batch = self._of(reference)
        self._look(batch)
        batch.mark("cancelled")

    def close(self, reference: Reference) -> None:
        """Let nothing more be sent to it; corrections can still be read."""
        self._of(reference).mark("closed")

    def statement(self, references: Sequence[Reference]) -> Statement:
        """Count what was sent and what is there; every answer at the campaign's price."""
        tasks: dict[str, str] = {}
        answers = 0
        for reference in references:
            batch = self._of(reference)
            ours = {receipt.key: receipt.task_id for receipt in batch.receipts()}
            given, _ = _counted(batch.state())
            answers += sum(count for key, count in given.items() if key in ours)
            tasks |= ours
        return Statement(tasks, answers, answers * self._context.price)

    def disconnect(self) -> None:
        """Do nothing: no file stays open."""

    def _make_root(self) -> None:
        if self._ours:
            try:
                make_folder(self._root)
            except OSError as error:
                what = f"cannot be made ({error.strerror})"
                raise VendorRefusedError(what, where=str(self._root)) from error

    def _look(self, batch: Batch) -> list[list[Record]]:
        for _ in range(RACES):
            if batch.is_cancelled:
                break
            news = batch.journal.news(batch.found())
            if not news or batch.journal.add(news):
                break
        else:
            raise TransientError("others look at it all the time", where=batch.name)
        return batch.journal.looks()

    def _of(self, reference: Reference) -> Batch:
        batch = self._batch(str(reference.get("batch", "")))
        batch.refuse_unless_there()
        return batch

    def _batch(self, name: str) -> Batch:
        if name not in self._batches:
            batch = Batch(name, self._root, self._objects, self._options, self._context)
            self._batches[name] = batch
        return self._batches[name]


def _counted(state: Mapping[str, Record]) -> tuple[dict[str, int], dict[str, int]]:
    tasks = [record for record in state.values() if isinstance(record, OfTask)]
    given = {one.key: sum(a.label is not None for a in one.answers) for one in tasks}
    return given, {one.key: len(one.answers) - given[one.key] for one in tasks}


def _seen(cursor: Mapping[str, Any] | None) -> int:
    seen: Any = 0 if cursor is None else cursor.get("seen")
    if type(seen) is not int or seen < 0:
        raise VendorRefusedError(f"is no cursor of the vendor files: {cursor}"[:200])
    return seen


def _missing(what: str) -> NoReturn:
    raise CapabilityMissingError(f"cannot {what}", where="the vendor files")
