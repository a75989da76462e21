"""Which records are answers: the rest is kept apart with the reason, and never becomes a label.

What is believed depends neither on the order of the records (`tasks.delivery.believed`) nor on how
they were cut into pages. What was withdrawn from a vendor does: it is what was missing then.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tasks.delivery import legs, reasons
from tasks.delivery.believed import Believed, Claim, Claims, Row, believe
from tasks.delivery.inbox import Cancelled, Item, Line, Rejected
from tasks.delivery.reasons import Reason
from tasks.domain import tables
from tasks.domain.files import canonical_json
from tasks.domain.incoming import MalformedRecordError, Parsed, RawAnswer, Subject

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
    """Go through an inbox, given the answers that are `known` from earlier rounds.

    Parameters
    ----------
    parse : mapping of int to callable
        How each leg's records are understood.
    """
    sieve = _Sieve(parse, expected)
    for row in known.to_dict("records"):
        sieve.claims.add(_raw(row), known=True)
    for line in lines:
        sieve.take(line)
    believed = sieve.believed()
    answers = [_answer(raw, sieve.tasks[raw.key], expected.round) for raw in believed.answers]
    return Sifted(
        _frame(answers, tables.ANSWERS),
        _frame(sieve.quarantine(believed), tables.QUARANTINE),
        _frame(list(sieve.tasks.values()), tables.SENT),
        sieve.redelivered,
        tuple(Refused(claim.raw, reason.what) for claim, reason in believed.refused),
    )


@dataclass(frozen=True)
class _Fault:
    """A record that cannot be understood."""

    item: Item
    reason: Reason
    place: str = ""
    subject: Subject | None = None


@dataclass
class _Sieve:
    """What an inbox has come to so far; `editions` has the highest of each subject's."""

    parse: Mapping[int, Parse]
    expected: Expected
    claims: Claims = field(default_factory=Claims)
    faults: dict[str, _Fault] = field(default_factory=dict)
    editions: dict[tuple[str, str], int] = field(default_factory=dict)
    redelivered: int = 0

    def __post_init__(self) -> None:
        self.tasks = {key: dict(row) for key, row in self.expected.tasks.items()}
        self._judged: tuple[int, int, Believed] | None = None

    def take(self, line: Line) -> None:
        match line:
            case Item():
                self._record(line)
            case Rejected():
                answered = self.believed().by_key
                for key in line.reasons:
                    self._withdraw(key, answered)
                    self.tasks[key]["rejected"] = True
            case Cancelled():
                self._cancel(line)

    def believed(self) -> Believed:
        """Say what is believed of all that came so far."""
        now = self.claims.count, len(self.tasks)
        if self._judged is None or self._judged[:2] != now:
            self._judged = *now, believe(self.claims, self.tasks, self.expected.classes)
        return self._judged[2]

    def quarantine(self, believed: Believed) -> list[Row]:
        """List what is no answer, and was not put right by what came later."""
        faults = [
            _refusal(fault.item, self.expected.round, fault.reason, fault.place, None)
            for fault in self.faults.values()
            if not self._is_mended(fault)
        ]
        return faults + [
            _refusal(claim.item, self.expected.round, reason, claim.raw.place, self._item_of(claim))
            for claim, reason in believed.refused
            if claim.item is not None
        ]

    def _record(self, item: Item) -> None:
        try:
            parsed = self.parse[item.leg](item.record)
        except MalformedRecordError as error:
            self._meet(item, error.subject)
            self._refuse(_Fault(item, reasons.malformed(error), error.place, error.subject))
            return
        self._meet(item, parsed.subject)
        for raw in parsed.answers:
            if fault := unsound(raw):
                self._refuse(_Fault(item, reasons.unsound(fault), raw.place, parsed.subject))
                return
        for raw in parsed.answers:
            self.redelivered += not self.claims.add(raw, item)
        if parsed.all_of in self.tasks:
            there = frozenset(raw.answer_id for raw in parsed.answers)
            self.claims.delete_others(parsed.all_of, there)

    def _meet(self, item: Item, subject: Subject | None) -> None:
        if subject:
            name = (item.batch, subject.name)
            self.editions[name] = max(subject.edition, self.editions.get(name, 0))

    def _is_mended(self, fault: _Fault) -> bool:
        subject = fault.subject
        if subject is None:
            return False
        return subject.edition < self.editions[fault.item.batch, subject.name]

    def _refuse(self, fault: _Fault) -> None:
        content = canonical_json(fault.item.record)
        self.redelivered += content in self.faults
        self.faults.setdefault(content, fault)

    def _cancel(self, note: Cancelled) -> None:
        answered = self.believed().by_key
        for key, task in list(self.tasks.items()):
            if (task["round"], task["leg"]) == (self.expected.round, note.leg):
                missing = self._withdraw(key, answered)
                if note.resend and missing and self.expected.fallback:
                    again = legs.resent(task, missing, *self.expected.fallback)
                    self.tasks[again["key"]] = again

    def _withdraw(self, key: str, answered: Mapping[str, int]) -> int:
        """Want no more answers of a task; give how many there might have been."""
        task = self.tasks[key]
        missing = max(0, task["copies"] - task["withdrawn"] - answered.get(key, 0))
        task["withdrawn"] += missing
        return int(missing)

    def _item_of(self, claim: Claim) -> str | None:
        task = self.tasks.get(claim.raw.key)
        return task["item_id"] if task else None


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


def _refusal(item: Item, round_number: int, reason: Reason, place: str, item_id: str | None) -> Row:
    return {
        "round": round_number,
        "page": item.page,
        "position": item.position,
        "item_id": item_id,
        "place": place,
        "reason": reason.what,
        "fix": reason.fix,
        "record": canonical_json(item.record),
    }


def _frame(rows: list[Row], table: tables.Table) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(table.columns)) if rows else table.empty()
