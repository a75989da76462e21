"""Reading the simulated vendor's records and events."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tasks.domain.incoming import Hint, MalformedRecordError, Parsed, RawAnswer

SOURCES = ("annotator", "model", "import")
LONGEST = 1000
"""Letters of a text."""
MOST_REVISIONS = 2**53
"""Beyond it whole numbers are not safe in JSON."""


def parse(record: Mapping[str, Any]) -> Parsed:
    """Understand one record; raises `MalformedRecordError`."""
    if not isinstance(record, Mapping):
        raise MalformedRecordError(f"it is a {type(record).__name__}, not an object")
    if record.get("source") not in SOURCES:
        raise MalformedRecordError(f"'source' is none of {', '.join(SOURCES)}")
    answer = RawAnswer(
        answer_id=_text(record, "answer_id"),
        key=_text(record, "task_key"),
        annotator_id=_text(record, "annotator"),
        label=None if record.get("label", "") is None else _text(record, "label"),
        answered_at=_moment(record),
        seconds=_seconds(record),
        revision=_revision(record),
        note=_text(record, "note") if record.get("label", "") is None else "",
        place=f"answer {_text(record, 'answer_id')}",
    )
    # A model's guess and an imported gold label are nobody's answers.
    return Parsed((answer,) if record["source"] == "annotator" else ())


def parse_event(body: bytes) -> Hint:
    """Understand one event; raises `MalformedRecordError`."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedRecordError("it is not JSON") from None
    if not isinstance(event, Mapping):
        raise MalformedRecordError(f"it is a {type(event).__name__}, not an object")
    return Hint(_text(event, "batch"))


def is_duration(value: Any) -> bool:
    """Whether a value is a finite number, not negative."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value < math.inf and _fits(value)


def _fits(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value or len(value) > LONGEST:
        raise MalformedRecordError(f"{name!r} is not a text of 1 to {LONGEST} letters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MalformedRecordError(f"{name!r} is not Unicode") from None
    return value


def _moment(record: Mapping[str, Any]) -> str:
    try:
        moment = datetime.fromisoformat(_text(record, "submitted_at"))
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise MalformedRecordError("'submitted_at' is not a time with a time zone") from None


def _revision(record: Mapping[str, Any]) -> int:
    revision = record.get("revision")
    if type(revision) is not int or not 0 <= revision < MOST_REVISIONS:
        raise MalformedRecordError("'revision' is not a whole number from 0")
    return revision


def _seconds(record: Mapping[str, Any]) -> float | None:
    seconds = record.get("seconds")
    if seconds is not None and not is_duration(seconds):
        raise MalformedRecordError("'seconds' is not a number from 0")
    return None if seconds is None else float(seconds)
