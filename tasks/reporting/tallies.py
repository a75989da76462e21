"""Counts that the page shows: classes by round, and reasons for quarantine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tasks.audit.rounds import records
from tasks.reporting.data import ReportData

SHOWN = 11
"""Classes that have a colour of their own; the rest are one."""
REASONS, RECORDS = 12, 20


@dataclass(frozen=True)
class Segment:
    """A class's part of a bar; `place` numbers its colour, `start` and `share` are of the whole."""

    name: str
    place: int
    labels: int
    start: float
    share: float


@dataclass(frozen=True)
class Bar:
    """The labels of one round, by class."""

    round: int
    labels: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Reason:
    """Why records were set aside, how many, and in which rounds."""

    words: str
    records: int
    rounds: tuple[int, ...]


@dataclass(frozen=True)
class Quarantine:
    """What was set aside; `first` holds rows of `tables.QUARANTINE`."""

    records: int
    reasons: tuple[Reason, ...]
    more: int
    first: tuple[Mapping[str, Any], ...]


def balance(data: ReportData) -> tuple[Bar, ...]:
    """Count the labels of each class after each round; the classes keep their order and colour."""
    if not data.closed:
        return ()
    newest, ever = data.closed[-1].classes, {name for one in data.closed for name in one.classes}
    order = list(dict.fromkeys([*data.classes, *sorted(ever)]))
    largest = sorted(order, key=lambda name: -newest.get(name, 0))[:SHOWN]
    shown = order if len(order) <= SHOWN + 1 else [name for name in order if name in largest]
    return tuple(_bar(one.number, _few(one.classes, shown, len(order))) for one in data.closed)


def quarantine(frame: pd.DataFrame) -> Quarantine:
    """Count what a table like `tables.QUARANTINE` holds, the most frequent reason first.

    Records are shown from the newest round on: there they can still be mended.
    """
    groups = [
        Reason(str(words), len(part), tuple(sorted({int(n) for n in part["round"]})))
        for words, part in frame.groupby("reason", sort=True)
    ]
    groups.sort(key=lambda reason: (-reason.records, reason.words))
    order = frame.sort_values(
        ["round", "page", "position"], ascending=[False, True, True], kind="stable"
    )
    rows = records(order.head(RECORDS))
    more = sum(reason.records for reason in groups[REASONS:])
    return Quarantine(len(frame), tuple(groups[:REASONS]), more, tuple(rows))


def _few(labels: Mapping[str, int], shown: Sequence[str], classes: int) -> list[tuple[str, int]]:
    counts = [(name, labels.get(name, 0)) for name in shown]
    if len(shown) == classes:
        return counts
    rest = sum(labels.values()) - sum(number for _, number in counts)
    return [*counts, (f"{classes - len(shown)} other classes", rest)]


def _bar(number: int, counts: Sequence[tuple[str, int]]) -> Bar:
    total, start, segments = sum(labels for _, labels in counts), 0, []
    for place, (name, labels) in enumerate(counts):
        whole = total or 1
        segments.append(Segment(name, place, labels, start / whole, labels / whole))
        start += labels
    return Bar(number, total, tuple(segments))
