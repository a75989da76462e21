"""Understanding records of answers."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tasks.domain.incoming import MalformedRecordError, Parsed, RawAnswer

ELEMENTS = ("crowd-classifier", "crowd-image-classifier")
LONGEST = 1024
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(record: Mapping[str, Any], label_path: str = "") -> Parsed:
    """Understand one record; raises `MalformedRecordError`.

    An answer is told from others by job, object, worker and time, and never changes.
    """
    if not isinstance(record, Mapping):
        raise MalformedRecordError(f"it is a {type(record).__name__}, not an object")
    kind, job, key = record.get("kind"), _text(record, "job"), _text(record, "key")
    line = record.get("object")
    if type(line) is not int or line < 0:
        raise MalformedRecordError("'object' is not the number of a line")
    if kind == "ended":
        return Parsed((_ended(record, f"{job}/{line}", key),))
    if kind != "answer":
        raise MalformedRecordError("it is not one of Ground Truth's files of answers")
    return Parsed((_answer(record.get("answer"), f"{job}/{line}", key, label_path),))


def _answer(answer: Any, task: str, key: str, label_path: str) -> RawAnswer:
    if not isinstance(answer, Mapping):
        raise MalformedRecordError("'answer' is not an object")
    worker = _text(answer, "workerId")
    submitted = _moment(answer, "submissionTime")
    label = _label(_content(answer), label_path)
    return RawAnswer(
        answer_id=f"{task}/{worker}/{submitted:%Y%m%dT%H%M%S.%f}",
        key=key,
        annotator_id=f"ground_truth:{worker}",
        label=label or None,
        answered_at=submitted.isoformat(),
        seconds=_seconds(answer.get("timeSpentInSeconds")),
        revision=0,
        note="" if label else "no class was chosen",
        place=f"labeling job {task}, worker {worker}",
    )


def _ended(record: Mapping[str, Any], task: str, key: str) -> RawAnswer:
    reason, at = _text(record, "reason"), _moment(record, "at")
    return RawAnswer(
        answer_id=f"{task}/ended",
        key=key,
        annotator_id="ground_truth:nobody",
        label=None,
        answered_at=at.isoformat(),
        seconds=None,
        revision=0,
        note=reason,
        place=f"labeling job {task}",
    )


def _content(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    content = answer.get("answerContent")
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except (ValueError, RecursionError):
            content = None
    if not isinstance(content, Mapping):
        raise MalformedRecordError("'answerContent' is not an object")
    return content


def _label(content: Mapping[str, Any], label_path: str) -> str:
    for path in [label_path] if label_path else [f"{name}.label" for name in ELEMENTS]:
        value = _at(content, path)
        if isinstance(value, str):
            return _sound(value, "the class")
        if value is not None:
            raise MalformedRecordError(f"answerContent.{path} is not a text")
    if content and not label_path and not any(name in content for name in ELEMENTS):
        raise MalformedRecordError("'answerContent' has no class where Ground Truth's pages do")
    return ""


def _at(content: Any, path: str) -> Any:
    for name in path.split("."):
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedRecordError(f"{name!r} is not a text")
    return _sound(value, repr(name))


def _sound(value: str, what: str) -> str:
    if len(value) > LONGEST:
        raise MalformedRecordError(f"{what} has more than {LONGEST} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MalformedRecordError(f"{what} holds half a character") from None
    return value


def _moment(record: Mapping[str, Any], name: str) -> datetime:
    text = _text(record, name)
    try:
        moment = datetime.fromisoformat(text)
        # Where Ground Truth writes no zone, it means UTC.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise MalformedRecordError(f"{name!r} is not a time") from None
    if moment < EPOCH:
        raise MalformedRecordError(f"{name!r} is before 1970")
    return moment


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value < 1e12 or not math.isfinite(value):
        raise MalformedRecordError("'timeSpentInSeconds' is not a duration")
    return float(value)
