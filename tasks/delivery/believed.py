"""The answers so far, by what must not repeat."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.domain.incoming import RawAnswer

Row = dict[str, Any]


@dataclass
class Believed:
    """What is believed, while records come in.

    Attributes
    ----------
    tasks : dict
        Each key that was ever sent, with its row of `tasks.domain.tables.SENT`.
    classes : frozenset of str
        All that may be answered.
    """

    tasks: dict[str, Row]
    classes: frozenset[str]
    newest: dict[str, RawAnswer] = field(default_factory=dict)
    revisions: dict[tuple[str, int], RawAnswer] = field(default_factory=dict)
    by_key: dict[str, set[str]] = field(default_factory=dict)
    by_person: dict[tuple[str, int, str], str] = field(default_factory=dict)

    def objection(self, raw: RawAnswer) -> str | None:
        """Say why a record cannot be an answer."""
        if raw.key not in self.tasks:
            return "for an item that was never sent"
        before = self.newest.get(raw.answer_id)
        if before and (before.key, before.annotator_id) != (raw.key, raw.annotator_id):
            return "its answer_id is that of another answer"
        if not _same(self.revisions.get((raw.answer_id, raw.revision), raw), raw):
            return "it differs from what was delivered as the same revision"
        if raw.label is None:
            return None if before else raw.note or "without a class"
        if raw.label not in self.classes:
            return f"of an unknown class, {raw.label!r}"
        return self._objection_to_number(raw)

    def _objection_to_number(self, raw: RawAnswer) -> str | None:
        others = self.by_key.get(raw.key, set()) - {raw.answer_id}
        if self.by_person.get(self._person(raw), raw.answer_id) != raw.answer_id:
            return "the same annotator answered this item before"
        if len(others) >= self.tasks[raw.key]["copies"]:
            return "more answers of this item than were asked for"
        return None

    def knows(self, raw: RawAnswer) -> bool:
        """Whether this very revision was delivered before."""
        return (raw.answer_id, raw.revision) in self.revisions

    def add(self, raw: RawAnswer) -> None:
        """Believe an answer, or that it was taken back."""
        self.revisions[raw.answer_id, raw.revision] = raw
        before = self.newest.get(raw.answer_id)
        if before and before.revision > raw.revision:
            return
        self.newest[raw.answer_id] = raw
        there = self.by_key.setdefault(raw.key, set())
        if raw.label is None:
            there.discard(raw.answer_id)
            self.by_person.pop(self._person(raw), None)
        else:
            there.add(raw.answer_id)
            self.by_person[self._person(raw)] = raw.answer_id

    def deleted(self, key: str, there: frozenset[str]) -> Iterator[RawAnswer]:
        """Find the answers of a task that are not among those that are there."""
        for answer_id in sorted(self.by_key.get(key, set()) - there):
            last = self.newest[answer_id]
            yield replace(last, label=None, revision=last.revision + 1, note="deleted")

    def answered(self, key: str) -> int:
        """Count the answers that a task has now."""
        return len(self.by_key.get(key, ()))

    def _person(self, raw: RawAnswer) -> tuple[str, int, str]:
        task: Mapping[str, Any] = self.tasks[raw.key]
        # Gold is used again and again, and may meet the same annotator in another round.
        turn = task["round"] if task["role"] == "gold" else -1
        return task["item_id"], turn, raw.annotator_id


def _same(one: RawAnswer, other: RawAnswer) -> bool:
    """Whether two deliveries of a revision agree; why there is no label is not kept."""
    return replace(one, note="") == replace(other, note="")
