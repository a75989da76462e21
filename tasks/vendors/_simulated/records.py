"""What the simulated vendor will deliver for one task, and when."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from tasks.domain.choosing import Floats
from tasks.vendors._simulated.luck import Luck
from tasks.vendors._simulated.options import Options
from tasks.vendors._simulated.people import Annotator

SPREAD = 0.6
"""The standard deviation of the logarithm of a waiting time."""
SECONDS = 12.0
"""How long an annotator of ordinary pace looks at an item, in the median."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """A record, and the simulated hour at which the vendor has it.

    Attributes
    ----------
    kind : str
        answer: what was asked for; it costs money. extra: an answer beyond that. junk: anything
        else. expiry: not delivered; the vendor has given an answer up.
    """

    hours: float
    kind: str
    record: Record


@dataclass(frozen=True)
class Assignment:
    """One task in the hands of one annotator.

    Attributes
    ----------
    copy : int
        The number of the answer.
    truth : int
        The index of the item's class.
    sent : float
        The simulated hour.
    epoch : datetime
        The time at which it was hour 0.
    """

    key: str
    copy: int
    truth: int
    annotator: Annotator
    classes: tuple[str, ...]
    options: Options
    luck: Luck
    sent: float
    epoch: datetime
    kind: str = "answer"

    @property
    def word(self) -> str:
        """Digest what makes it this assignment."""
        return hashlib.sha256(f"{self.key}/{self.copy}".encode()).hexdigest()[:16]

    def wait(self, normal: float) -> float:
        """Give a waiting time in hours, log-normal."""
        return self.options.median_hours * float(np.exp(SPREAD * normal))

    def record(self, answer_id: str, hours: float, label: str | None, **more: Any) -> Record:
        """Make a record as the vendor has it at an hour."""
        return {
            "answer_id": f"{answer_id}-{self.word}",
            "task_key": self.key,
            "annotator": self.annotator.name,
            "source": "annotator",
            "label": label,
            "submitted_at": timestamp(self.epoch, hours),
            "seconds": 1.0,
            "revision": 0,
        } | more


def arrivals(it: Assignment) -> list[Arrival]:
    """Say all that comes of an assignment."""
    return [*_work(it), *_junk(it)]


def timestamp(epoch: datetime, hours: float) -> str:
    """Write an hour of the simulated clock as the vendor writes times."""
    return (epoch + timedelta(hours=hours)).isoformat(timespec="seconds").replace("+00:00", "Z")


def _work(it: Assignment) -> Iterator[Arrival]:
    first = _answer(it)
    if it.luck.expire < it.options.expire_rate:
        yield Arrival(it.sent + it.options.expire_hours, "expiry", first.record)
        return
    yield first
    yield from _again(it, first)
    if first.record["label"] is None:
        return
    latest = first
    for change in _revised(it, first):
        latest = change
        yield change
    yield from _deleted(it, latest)
    yield from _doubled(it, first)


def _answer(it: Assignment) -> Arrival:
    hours = it.sent + it.annotator.pace * it.wait(it.luck.wait)
    hours += it.options.late_hours if it.luck.late < it.options.late_rate else 0.0
    seconds = SECONDS * it.annotator.pace * float(np.exp(SPREAD * it.luck.seconds))
    label: str | None = it.classes[_pick(it.annotator.confusion[it.truth], it.luck.label)]
    more: Record = {"seconds": round(seconds, 1)}
    for note in ("skip", "empty"):
        if getattr(it.luck, note) < getattr(it.options, f"{note}_rate"):
            label, more = None, more | {"note": note}
            break
    return Arrival(hours, it.kind, it.record("answer", hours, label, **more))


def _again(it: Assignment, answer: Arrival) -> Iterator[Arrival]:
    if it.luck.duplicate < it.options.duplicate_rate:
        yield Arrival(answer.hours + it.wait(it.luck.again), it.kind, answer.record)


def _revised(it: Assignment, answer: Arrival) -> Iterator[Arrival]:
    if it.luck.revise < it.options.revise_rate:
        hours = answer.hours + it.wait(it.luck.reconsider)
        others = _other_answers(it, it.classes.index(answer.record["label"]))
        label = it.classes[_pick(others, it.luck.revised)]
        yield _changed(it, answer, hours, {"label": label})


def _deleted(it: Assignment, answer: Arrival) -> Iterator[Arrival]:
    if it.luck.delete < it.options.delete_rate:
        hours = answer.hours + it.wait(it.luck.regret)
        yield _changed(it, answer, hours, {"label": None, "note": "deleted"})


def _changed(it: Assignment, before: Arrival, hours: float, change: Record) -> Arrival:
    revision = before.record["revision"] + 1
    change = change | {"submitted_at": timestamp(it.epoch, hours), "revision": revision}
    return Arrival(hours, it.kind, before.record | change)


def _doubled(it: Assignment, answer: Arrival) -> Iterator[Arrival]:
    if it.luck.double < it.options.double_rate:
        hours = answer.hours + it.wait(it.luck.encore)
        label = it.classes[_pick(it.annotator.confusion[it.truth], it.luck.doubled)]
        yield Arrival(hours, "extra", it.record("double", hours, label))


def _other_answers(it: Assignment, given: int) -> Floats:
    weights = it.annotator.confusion[it.truth].copy()
    weights[given] = 0.0
    # Who is always right can only change a right answer into any other.
    weights = weights if weights.sum() else 1.0 - np.eye(len(it.classes))[given]
    return np.asarray(weights / weights.sum())


def _junk(it: Assignment) -> Iterator[Arrival]:
    hours = it.sent + it.wait(it.luck.junk)
    stray = it.record("stray", hours, it.classes[0])
    guess = it.classes[int(it.luck.guess * len(it.classes))]
    nowhere = {"task_key": f"nobody-sent-{it.word}"}
    unheard = {"label": f"not {' nor '.join(it.classes)}"}
    beside = {
        "malformed": stray | _mistake(it.luck.mistake),
        "foreign": stray | nowhere,
        "unknown_class": stray | unheard,
        "prediction": it.record("guess", hours, guess, source="model"),
        "gold": it.record("gold", hours, it.classes[it.truth], source="import"),
    }
    for name, record in beside.items():
        if getattr(it.luck, name) < getattr(it.options, f"{name}_rate"):
            yield Arrival(hours, "junk", record)


def _mistake(uniform: float) -> Record:
    mistakes: list[Record] = [{"label": None}, {"task_key": ""}, {"revision": "one"}]
    return mistakes[int(uniform * len(mistakes))]


def _pick(probabilities: Floats, uniform: float) -> int:
    chosen = np.searchsorted(np.cumsum(probabilities), uniform, side="right")
    # Rounding may leave the sum below 1; the last class that can be chosen ends at 1.
    return int(min(chosen, np.flatnonzero(probabilities)[-1]))
