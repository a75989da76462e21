"""Which records are answers: the rest is kept apart with the reason, and never becomes a label.

What is believed depends on the order of the records alone, not on how they were cut into pages.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tasks.delivery.inbox import Item
from tasks.domain import tables
from tasks.domain.files import canonical_json
from tasks.domain.ports import MalformedRecordError, RawAnswer

Row = dict[str, Any]
Parse = Callable[[Mapping[str, Any]], RawAnswer]


@dataclass(frozen=True)
class Sifted:
    """What became of an inbox.

    Attributes
    ----------
    answers : DataFrame
        New rows of `tasks.domain.tables.ANSWERS`.
    quarantine : DataFrame
        Of `tasks.domain.tables.QUARANTINE`.
    redelivered : int
        Records that say again what is known already.
    """

    answers: pd.DataFrame
    quarantine: pd.DataFrame
    redelivered: int


@dataclass(frozen=True)
class Expected:
    """What answers may be about.

    Attributes
    ----------
    tasks : mapping of str to mapping
        Each key that was ever sent, with its row of `tasks.domain.tables.SENT`.
    round : int
        The one that is open; answers to tasks of earlier ones are late.
    vendor : str
        Its name in params.yaml.
    """

    tasks: Mapping[str, Row]
    classes: frozenset[str]
    round: int
    vendor: str


def sift(items: Iterable[Item], parse: Parse, expected: Expected, known: pd.DataFrame) -> Sifted:
    """Go through an inbox in its order, given the answers that are `known` from earlier rounds."""
    believed = _Believed(expected)
    for row in known.to_dict("records"):
        believed.add(_raw(row))
    answers: list[Row] = []
    refused: list[Row] = []
    redelivered = 0
    for item in items:
        try:
            raw = parse(item.record)
            reason = believed.objection(raw)
        except MalformedRecordError as error:
            reason = f"malformed: {error}"
        if reason:
            refused.append(_refusal(item, expected.round, reason))
        elif believed.knows(raw):
            redelivered += 1
        else:
            believed.add(raw)
            answers.append(_answer(raw, expected))
    return Sifted(
        _frame(answers, tables.ANSWERS),
        _frame(refused, tables.QUARANTINE),
        redelivered,
    )


@dataclass
class _Believed:
    """The answers so far, by what must not repeat."""

    expected: Expected
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)
    revisions: dict[tuple[str, int], RawAnswer] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)
    by_person: dict[tuple[str, int, str], str] = field(default_factory=dict)

    def objection(self, raw: RawAnswer) -> str | None:
        """Say why a record cannot be an answer."""
        if raw.key not in self.expected.tasks:
            return "for an item that was never sent"
        if raw.label not in self.expected.classes:
            return f"of an unknown class, {raw.label!r}"
        if self.owners.get(raw.answer_id, (raw.key, raw.annotator_id)) != (
            raw.key,
            raw.annotator_id,
        ):
            return "its answer_id is that of another answer"
        if self.revisions.get((raw.answer_id, raw.revision), raw) != raw:
            return "it differs from what was delivered as the same revision"
        if self.by_key.get(raw.key, raw.answer_id) != raw.answer_id:
            return "this copy of the item has an answer already"
        if self.by_person.get(self._person(raw), raw.answer_id) != raw.answer_id:
            return "the same annotator answered this item before"
        return None

    def knows(self, raw: RawAnswer) -> bool:
        """Whether this very revision was delivered before."""
        return (raw.answer_id, raw.revision) in self.revisions

    def add(self, raw: RawAnswer) -> None:
        """Believe an answer."""
        self.owners[raw.answer_id] = (raw.key, raw.annotator_id)
        self.revisions[raw.answer_id, raw.revision] = raw
        self.by_key[raw.key] = raw.answer_id
        self.by_person[self._person(raw)] = raw.answer_id

    def _person(self, raw: RawAnswer) -> tuple[str, int, str]:
        task = self.expected.tasks[raw.key]
        # Gold is used again and again, and may meet the same annotator in another round.
        turn = task["round"] if task["role"] == "gold" else -1
        return task["item_id"], turn, raw.annotator_id


def _raw(row: Mapping[Any, Any]) -> RawAnswer:
    seconds = None if pd.isna(row["seconds"]) else float(row["seconds"])
    return RawAnswer(
        row["answer_id"],
        row["key"],
        row["annotator_id"],
        row["label"],
        row["answered_at"],
        seconds,
        int(row["revision"]),
    )


def _answer(raw: RawAnswer, expected: Expected) -> Row:
    task = expected.tasks[raw.key]
    return {
        "answer_id": raw.answer_id,
        "key": raw.key,
        "item_id": task["item_id"],
        "round": task["round"],
        "role": task["role"],
        "vendor": expected.vendor,
        "annotator_id": raw.annotator_id,
        "label": raw.label,
        "answered_at": raw.answered_at,
        "seconds": raw.seconds,
        "revision": raw.revision,
        "price": task["price"],
        "late": task["round"] < expected.round,
    }


def _refusal(item: Item, round_number: int, reason: str) -> Row:
    return {
        "round": round_number,
        "page": item.page,
        "position": item.position,
        "reason": reason,
        "record": canonical_json(item.record),
    }


def _frame(rows: list[Row], table: tables.Table) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(table.columns)) if rows else table.empty()
