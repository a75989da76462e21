"""What the simulated vendor will deliver for one task, and when."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from tasks.domain.ports import Floats
from tasks.domain.randomness import generator
from tasks.vendors._simulated_options import Options
from tasks.vendors._simulated_people import USE, Annotator

EPOCH = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""Hour 0 of the simulated clock."""
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
        answer, redelivery, revision or junk; only answers cost money.
    """

    hours: float
    kind: str
    record: Record


class Luck:
    """All that is left to chance in one task.

    Drawn at once, so that turning one rate on leaves everything else as it was.
    """

    def __init__(self, seed: int, key: str) -> None:
        rng = generator(seed, 0, f"{USE}/answer/{key}")
        self.label, self.late, self.duplicate, self.revise, self.revised = rng.random(5)
        self.malformed, self.mistake, self.foreign, self.unknown_class = rng.random(4)
        self.wait, self.seconds, self.again, self.reconsider, self.junk = rng.standard_normal(5)


@dataclass(frozen=True)
class Assignment:
    """One task in the hands of one annotator.

    Attributes
    ----------
    truth : int
        The index of the item's class.
    sent : float
        The simulated hour.
    """

    key: str
    truth: int
    annotator: Annotator
    classes: tuple[str, ...]
    options: Options
    luck: Luck
    sent: float

    def wait(self, normal: float) -> float:
        """Give a waiting time in hours, log-normal."""
        return self.options.median_hours * float(np.exp(SPREAD * normal))


def arrivals(assignment: Assignment) -> list[Arrival]:
    """Say all that comes of a task."""
    answer = _answer(assignment)
    return [
        answer,
        *_again(assignment, answer),
        *_revised(assignment, answer),
        *_junk(assignment),
    ]


def _answer(it: Assignment) -> Arrival:
    hours = it.sent + it.annotator.pace * it.wait(it.luck.wait)
    hours += it.options.late_hours if it.luck.late < it.options.late_rate else 0.0
    seconds = SECONDS * it.annotator.pace * float(np.exp(SPREAD * it.luck.seconds))
    record = {
        "answer_id": f"answer-{_word(it.key)}",
        "task_key": it.key,
        "annotator": it.annotator.name,
        "label": it.classes[_pick(it.annotator.confusion[it.truth], it.luck.label)],
        "submitted_at": _timestamp(hours),
        "seconds": round(seconds, 1),
        "revision": 0,
    }
    return Arrival(hours, "answer", record)


def _again(it: Assignment, answer: Arrival) -> Iterator[Arrival]:
    if it.luck.duplicate < it.options.duplicate_rate:
        yield Arrival(answer.hours + it.wait(it.luck.again), "redelivery", answer.record)


def _revised(it: Assignment, answer: Arrival) -> Iterator[Arrival]:
    if it.luck.revise < it.options.revise_rate:
        hours = answer.hours + it.wait(it.luck.reconsider)
        others = _other_answers(it, it.classes.index(answer.record["label"]))
        change = {
            "label": it.classes[_pick(others, it.luck.revised)],
            "submitted_at": _timestamp(hours),
            "revision": 1,
        }
        yield Arrival(hours, "revision", answer.record | change)


def _other_answers(it: Assignment, given: int) -> Floats:
    weights = it.annotator.confusion[it.truth].copy()
    weights[given] = 0.0
    # Who is always right can only change a right answer into any other.
    weights = weights if weights.sum() else 1.0 - np.eye(len(it.classes))[given]
    return np.asarray(weights / weights.sum())


def _junk(it: Assignment) -> Iterator[Arrival]:
    hours = it.sent + it.wait(it.luck.junk)
    sound = {
        "answer_id": f"stray-{_word(it.key)}",
        "task_key": it.key,
        "annotator": it.annotator.name,
        "label": it.classes[0],
        "submitted_at": _timestamp(hours),
        "seconds": 1.0,
        "revision": 0,
    }
    if it.luck.malformed < it.options.malformed_rate:
        yield Arrival(hours, "junk", sound | _mistake(it.luck.mistake))
    if it.luck.foreign < it.options.foreign_rate:
        yield Arrival(hours, "junk", sound | {"task_key": f"nobody-sent-{_word(it.key)}"})
    if it.luck.unknown_class < it.options.unknown_class_rate:
        yield Arrival(hours, "junk", sound | {"label": f"not {' nor '.join(it.classes)}"})


def _mistake(uniform: float) -> Record:
    mistakes: list[Record] = [{"label": None}, {"task_key": ""}, {"revision": "one"}]
    return mistakes[int(uniform * len(mistakes))]


def _pick(probabilities: Floats, uniform: float) -> int:
    chosen = np.searchsorted(np.cumsum(probabilities), uniform, side="right")
    # Rounding may leave the sum below 1; the last class that can be chosen ends at 1.
    return int(min(chosen, np.flatnonzero(probabilities)[-1]))


def _timestamp(hours: float) -> str:
    return (EPOCH + timedelta(hours=hours)).isoformat(timespec="seconds").replace("+00:00", "Z")


def _word(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
