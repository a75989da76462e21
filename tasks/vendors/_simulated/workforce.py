"""The simulated annotators at work: what they know, what they decline, what they answer."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from tasks.domain import tables
from tasks.domain.errors import (
    CapabilityMissingError,
    DataError,
    RejectedItemError,
    VendorRefusedError,
)
from tasks.domain.files import canonical_json
from tasks.domain.outgoing import Task, VendorContext
from tasks.vendors._simulated import people, records
from tasks.vendors._simulated.luck import Luck, TaskLuck
from tasks.vendors._simulated.options import Options

WHERE = "the simulated vendor"


class Workforce:
    """Everybody who answers for one campaign."""

    def __init__(self, options: Options, context: VendorContext) -> None:
        self._options, self._context = options, context

    def refuse_unknown_classes(self, classes: Sequence[str]) -> None:
        """Raise a `VendorRefusedError` unless classes are those that are known."""
        known, asked = set(self._truth.values()), set(classes)
        fix = "list in campaign.classes what the label column holds"
        if not known:
            raise _refusal("no item's class is known", "set pool.known to hidden")
        for name in sorted(known - asked):
            raise _refusal(f"{name!r} is an item's class but not in campaign.classes", fix)
        for name in sorted(asked - known):
            raise _refusal(f"{name!r} is in campaign.classes but no item's class", fix)

    def refuse_copies(self, copies: int, what: str) -> None:
        """Raise a `CapabilityMissingError` if there are not so many annotators."""
        if not 1 <= copies <= self._options.annotators:
            fix = f"raise vendor.options.annotators, which is {self._options.annotators}"
            raise CapabilityMissingError(what, where=WHERE, fix=fix)

    def refuse_unanswerable(self, tasks: Sequence[Task]) -> None:
        """Raise if some tasks cannot be answered.

        Raises
        ------
        RejectedItemError
            The class of an item is not known, its payload is not JSON, or `reject_rate` struck.
        CapabilityMissingError
            There are fewer annotators than copies.
        VendorRefusedError
            Items go under pseudonyms, so no class is known.
        """
        for task in tasks:
            last = task.first_copy + task.copies - 1
            copies = 0 if min(task.copies, task.first_copy) < 1 else last
            self.refuse_copies(copies, f"nobody is left for copy {last} of item {task.item_id!r}")
            if task.item_id == task.key and task.item_id not in self._truth:
                fix = "set vendor.pseudonyms to false: simulated annotators must know the items"
                raise _refusal(f"the class of item {task.item_id!r} is not known", fix)
        if reasons := {task.key: reason for task in tasks if (reason := self._objection(task))}:
            raise RejectedItemError(reasons, where=WHERE)

    def arrivals(self, task: Task, hours: float, epoch: datetime) -> list[records.Arrival]:
        """Say all that comes of a task that is sent at an hour: a function of seed and key."""
        last = task.first_copy + task.copies
        wanted = [
            arrival
            for copy in range(task.first_copy, last)
            for arrival in records.arrivals(self._assignment(task, copy, hours, epoch))
        ]
        if TaskLuck(self._context.seed, task.key).excess >= self._options.excess_rate:
            return wanted
        excess = records.arrivals(self._assignment(task, last, hours, epoch, kind="extra"))
        return wanted + [arrival for arrival in excess if arrival.kind == "extra"]

    def _objection(self, task: Task) -> str:
        if self._truth.get(task.item_id) not in self._context.classes:
            return (
                f"the class of item {task.item_id!r} is not known;"
                " give it one in the pool's label column"
            )
        try:
            canonical_json(dict(task.payload)).encode()
        except (ValueError, TypeError) as error:
            return f"its payload is not JSON ({error})"
        if TaskLuck(self._context.seed, task.key).reject < self._options.reject_rate:
            return "the simulated vendor does not take it"
        return ""

    def _assignment(
        self, task: Task, copy: int, hours: float, epoch: datetime, kind: str = "answer"
    ) -> records.Assignment:
        seed, classes = self._context.seed, self._context.classes
        return records.Assignment(
            key=task.key,
            copy=copy,
            truth=classes.index(self._truth[task.item_id]),
            annotator=people.annotator_of(self._people, seed, task.item_id, copy),
            classes=classes,
            options=self._options,
            luck=Luck(seed, task.key, copy),
            sent=hours,
            epoch=epoch,
            kind=kind,
        )

    @cached_property
    def _truth(self) -> dict[str, str]:
        try:
            table = tables.read(self._context.truth)
        except DataError as error:
            raise VendorRefusedError(error.what, where=error.where, fix=error.fix) from error
        known = table.dropna(subset=["label"])
        return dict(zip(known["item_id"], known["label"], strict=True))

    @cached_property
    def _people(self) -> tuple[people.Annotator, ...]:
        return people.crew(self._options, len(self._context.classes), self._context.seed)


def _refusal(what: str, fix: str) -> VendorRefusedError:
    return VendorRefusedError(what, where=WHERE, fix=fix)
