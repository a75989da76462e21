"""The simulated annotators at work: what they know, what they decline, what they answer."""

from functools import cached_property

from tasks.domain import tables
from tasks.domain.errors import DataError, VendorRefusedError
from tasks.domain.ports import Task, VendorContext
from tasks.vendors import _simulated_people as people
from tasks.vendors import _simulated_records as records
from tasks.vendors._simulated_options import Options


class Workforce:
    """Everybody who answers for one campaign."""

    def __init__(self, options: Options, context: VendorContext) -> None:
        self._options, self._context = options, context

    def refuse_unknown_classes(self) -> None:
        """Raise a `VendorRefusedError` unless the campaign's classes are those that are known."""
        known, asked = set(self._truth.values()), set(self._context.classes)
        fix = "list in campaign.classes what the label column holds"
        if not known:
            raise _refusal("no item's class is known", "set pool.known to hidden")
        for name in sorted(known - asked):
            raise _refusal(f"{name!r} is an item's class but not in campaign.classes", fix)
        for name in sorted(asked - known):
            raise _refusal(f"{name!r} is in campaign.classes but no item's class", fix)

    def refuse_unanswerable(self, task: Task) -> None:
        """Raise a `VendorRefusedError` if nobody can answer a task."""
        if self._truth.get(task.item_id) not in self._context.classes:
            fix = "give it one in the pool's label column"
            raise _refusal(f"the class of item {task.item_id!r} is not known", fix)
        if not 1 <= task.copy <= len(self._people):
            what = f"nobody is left for copy {task.copy} of item {task.item_id!r}"
            fix = f"raise vendor.options.annotators, which is {len(self._people)}"
            raise _refusal(what, fix)

    def arrivals(self, task: Task, hours: float) -> list[records.Arrival]:
        """Say all that comes of a task that is sent at an hour: a function of seed and key."""
        seed, classes = self._context.seed, self._context.classes
        assignment = records.Assignment(
            key=task.key,
            truth=classes.index(self._truth[task.item_id]),
            annotator=people.annotator_of(self._people, seed, task.item_id, task.copy),
            classes=classes,
            options=self._options,
            luck=records.Luck(seed, task.key),
            sent=hours,
        )
        return records.arrivals(assignment)

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
    return VendorRefusedError(what, where="the simulated vendor", fix=fix)
