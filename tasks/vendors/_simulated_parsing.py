"""Reading the simulated vendor's records."""

import math
from collections.abc import Mapping
from typing import Any

from tasks.domain.ports import MalformedRecordError, RawAnswer

TEXTS = ("answer_id", "task_key", "annotator", "label", "submitted_at")


def parse(record: Mapping[str, Any]) -> RawAnswer:
    """Understand one record; raises `MalformedRecordError`."""
    if not isinstance(record, Mapping):
        raise MalformedRecordError(f"it is a {type(record).__name__}, not an object")
    for name in TEXTS:
        if not isinstance(record.get(name), str) or not record[name]:
            raise MalformedRecordError(f"{name!r} is not a text")
    revision, seconds = record.get("revision"), record.get("seconds")
    if type(revision) is not int or revision < 0:
        raise MalformedRecordError("'revision' is not a whole number from 0")
    if seconds is not None and not is_duration(seconds):
        raise MalformedRecordError("'seconds' is not a number from 0")
    answer_id, key, annotator, label, submitted_at = (record[name] for name in TEXTS)
    duration = None if seconds is None else float(seconds)
    return RawAnswer(answer_id, key, annotator, label, submitted_at, duration, revision)


def is_duration(value: Any) -> bool:
    """Whether a value is a finite number, not negative."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0
