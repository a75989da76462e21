"""Which records are answers: the rest is kept apart with the reason, and never becomes a label.

What is believed depends on the order of the records alone, not on how they were cut into pages.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tasks.delivery import legs
from tasks.delivery.believed import Believed, Row
from tasks.delivery.inbox import Cancelled, Item, Line, Lost, Rejected
from tasks.domain import tables
from tasks.domain.files import canonical_json
from tasks.domain.incoming import MalformedRecordError, Parsed, RawAnswer

LONGEST = 10_000
"""Letters of a text that a vendor gives."""

Parse = Callable[[Mapping[str, Any]], Parsed]


@dataclass(frozen=True)
class Refused:
    """What is no answer, though its vendor may take it for one."""

    raw: RawAnswer
    reason: str


@dataclass(frozen=True)
class Sifted:
    """What became of an inbox.

    Attributes
    ----------
    answers : DataFrame
        New rows of `tasks.domain.tables.ANSWERS`.
    quarantine : DataFrame
        Of `tasks.domain.tables.QUARANTINE`.
    sent : DataFrame
        Everything ever sent, of `tasks.domain.tables.SENT`, with what was withdrawn.
    redelivered : int
        Records that say again what is known already.
    refused : tuple of Refused
        Answers that were understood and are not believed.
    """

    answers: pd.DataFrame
    quarantine: pd.DataFrame
    sent: pd.DataFrame
    redelivered: int
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class Expected:
    """What answers may be about.

    Attributes
    ----------
    tasks : mapping of str to mapping
        Each key that was ever sent, with its row of `tasks.domain.tables.SENT`.
    round : int
        The one that is open; answers to tasks of earlier ones are late.
    fallback : tuple of str and float, or None
        The vendor of the second leg, and its price.
    """

    tasks: Mapping[str, Row]
    classes: frozenset[str]
    round: int
    fallback: tuple[str, float] | None = None


def sift(
    lines: Iterable[Line], parse: Mapping[int, Parse], expected: Expected, known: pd.DataFrame
) -> Sifted:
    """Go through an inbox in its order, given the answers that are `known` from earlier rounds.

    Parameters
    ----------
    parse : mapping of int to callable
        How the records of the vendor, and of its fallback, are understood.
    """
    sieve = _Sieve(parse, expected)
    for row in known.to_dict("records"):
        sieve.believed.add(_raw(row))
    for line in lines:
        sieve.take(line)
    return Sifted(
        _frame(sieve.answers, tables.ANSWERS),
        _frame(sieve.quarantine, tables.QUARANTINE),
        _frame(list(sieve.believed.tasks.values()), tables.SENT),
        sieve.redelivered,
        tuple(sieve.refused.values()),
    )


@dataclass
class _Sieve:
    parse: Mapping[int, Parse]
    expected: Expected
    answers: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    refused: dict[tuple[str, int, str], Refused] = field(default_factory=dict)
    redelivered: int = 0

    def __post_init__(self) -> None:
        tasks = {key: dict(row) for key, row in self.expected.tasks.items()}
        self.believed = Believed(tasks, self.expected.classes)

    def take(self, line: Line) -> None:
        match line:
            case Item():
                self._record(line)
            case Rejected():
                for key in line.reasons:
                    self._withdraw(key)
                    self.believed.tasks[key]["rejected"] = True
            case Cancelled():
                self._cancel(line)
            case Lost():
                self._lose(line)

    def _record(self, item: Item) -> None:
        try:
            parsed = self.parse[legs.whose(item.leg)](item.record)
        except MalformedRecordError as error:
            self._refuse(item, f"malformed: {error}")
            return
        if faults := [fault for raw in parsed.answers if (fault := unsound(raw))]:
            self._refuse(item, f"malformed: {faults[0]}")
            return
        for raw in parsed.answers:
            self._answer(item, raw)
        if parsed.all_of in self.believed.tasks:
            there = frozenset(raw.answer_id for raw in parsed.answers)
            for gone in list(self.believed.deleted(parsed.all_of, there)):
                self._believe(gone)

    def _answer(self, item: Item, raw: RawAnswer) -> None:
        reason = self.believed.objection(raw)
        seen = (raw.answer_id, raw.revision, reason or "")
        if self.believed.knows(raw) if reason is None else seen in self.refused:
            self.redelivered += 1
        elif reason is None:
            self._believe(raw)
        else:
            self.refused[seen] = Refused(raw, reason)
            self._refuse(item, reason)

    def _believe(self, raw: RawAnswer) -> None:
        self.believed.add(raw)
        self.answers.append(_answer(raw, self.believed.tasks[raw.key], self.expected.round))

    def _refuse(self, item: Item, reason: str) -> None:
        self.quarantine.append(_refusal(item, self.expected.round, reason))

    def _cancel(self, note: Cancelled) -> None:
        for key, task in list(self.believed.tasks.items()):
            if (task["round"], task["leg"]) == (self.expected.round, note.leg):
                missing = self._withdraw(key)
                if note.resend and missing and self.expected.fallback:
                    leg = legs.fallback_after(note.leg)
                    again = legs.resent(task, missing, leg, *self.expected.fallback)
                    self.believed.tasks[again["key"]] = again

    def _lose(self, note: Lost) -> None:
        for key, task in list(self.believed.tasks.items()):
            if (task["round"], task["leg"]) == (note.round, note.leg):
                missing = self._withdraw(key)
                if note.resend and missing:
                    leg = legs.again_after(note.leg)
                    again = legs.resent(task, missing, leg, task["vendor"], task["price"])
                    self.believed.tasks[again["key"]] = again

    def _withdraw(self, key: str) -> int:
        """Want no more answers of a task; give how many there might have been."""
        task = self.believed.tasks[key]
        missing = max(0, task["copies"] - task["withdrawn"] - self.believed.answered(key))
        task["withdrawn"] += missing
        return int(missing)


def unsound(raw: RawAnswer) -> str | None:
    """Say what of an answer no table can hold, whatever its vendor's `parse` let through."""
    for name in ("answer_id", "key", "annotator_id", "label", "answered_at"):
        text = getattr(raw, name)
        if text is None and name == "label":
            continue
        if not isinstance(text, str) or not text or len(text) > LONGEST:
            return f"its {name} is no text of at most {LONGEST} letters"
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            return f"its {name} has half a letter"
    if type(raw.revision) is not int or not 0 <= raw.revision < 1 << 63:
        return "its revision is out of range"
    if raw.seconds is not None and not (math.isfinite(raw.seconds) and raw.seconds >= 0):
        return "its seconds are no duration"
    return None


def _raw(row: Mapping[Any, Any]) -> RawAnswer:
    return RawAnswer(
        row["answer_id"],
        row["key"],
        row["annotator_id"],
        None if pd.isna(row["label"]) else row["label"],
        row["answered_at"],
        None if pd.isna(row["seconds"]) else float(row["seconds"]),
        int(row["revision"]),
    )


def _answer(raw: RawAnswer, task: Row, round_number: int) -> Row:
    return {
        "answer_id": raw.answer_id,
        "key": raw.key,
        "item_id": task["item_id"],
        "round": task["round"],
        "role": task["role"],
        "vendor": task["vendor"],
        "annotator_id": raw.annotator_id,
        "label": raw.label,
        "answered_at": raw.answered_at,
        "seconds": raw.seconds,
        "revision": raw.revision,
        "price": 0.0 if raw.label is None else task["price"],
        "late": task["round"] < round_number,
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
