"""Label Studio's tasks as records: what is kept of them, and what they say."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from tasks.domain.incoming import Hint, MalformedRecordError, Parsed, RawAnswer

CONTROL = "label"
"""The name of the tag that annotators choose a class with."""
KEY = "labelloop_key"
"""Where a task's key is, in its data and its meta."""
GOLD = "a known answer that was put in, not given"
SKIPPED = "skipped"
EMPTY = "without a class"
SEVERAL = "with several classes"
KEPT = (
    "id",
    "completed_by",
    "created_at",
    "updated_at",
    "was_cancelled",
    "ground_truth",
    "lead_time",
)
FIELDS = ",".join(("meta", "annotations", "result", "total_annotations", *KEPT))
"""What is asked for of tasks and annotations: no data, no names, no addresses.

Each costs the server time; who changed a task last costs as much as all others.
"""
BORN = timedelta(milliseconds=5)
"""What was changed within this time after it was made is as it was made."""

LONGEST = 10_000
"""Letters of a key or a class."""

Json = Mapping[str, Any]


def key_of(task: Json) -> str | None:
    """Give the key of a task as the server sends it; None if it is not ours."""
    meta = task.get("meta")
    key = meta.get(KEY) if isinstance(meta, Mapping) else None
    return key if isinstance(key, str) and key else None


def record(project: int, tasks: Iterable[Json]) -> dict[str, Any]:
    """Make one record of all tasks that have the same key."""
    twins = sorted(tasks, key=lambda task: int(task["id"]))
    return {
        "project": project,
        "key": key_of(twins[0]),
        "annotations": [
            {"task": task["id"], **_kept(annotation)}
            for task in twins
            for annotation in sorted(task.get("annotations") or (), key=lambda one: int(one["id"]))
        ],
    }


def parse(record: Json) -> Parsed:
    """Understand a record; raises `MalformedRecordError`."""
    if not isinstance(record, Mapping):
        raise MalformedRecordError("is no object")
    key, project = record.get("key"), record.get("project")
    annotations = record.get("annotations")
    if not _is_text(key):
        raise MalformedRecordError("has no key")
    if not _is_number(project) or not isinstance(annotations, list):
        raise MalformedRecordError("has no project or no annotations")
    return Parsed(tuple(_answer(one, key, project) for one in annotations), all_of=key)


def parse_event(body: bytes) -> Hint:
    """Understand a webhook; the token that it carries is left where it is."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedRecordError("the event is not JSON") from None
    if not isinstance(event, Mapping) or not isinstance(event.get("action"), str):
        raise MalformedRecordError("the event names no action")
    project = event.get("project")
    number = project.get("id") if isinstance(project, Mapping) else None
    return Hint(str(number) if type(number) is int else None)


def is_gold(annotation: Json) -> bool:
    """Whether an annotation was put in with its star, as an import does.

    An answer that somebody gave and that was starred later is an answer.
    """
    return annotation.get("ground_truth") is True and not was_changed(annotation)


def was_changed(made: Json) -> bool:
    """Whether a task or an annotation is no longer as it was made."""
    return _time(made, "updated_at") - _time(made, "created_at") >= BORN


def _kept(annotation: Json) -> dict[str, Any]:
    kept = {name: annotation.get(name) for name in KEPT}
    results = annotation.get("result")
    if isinstance(results, list):
        kept["result"] = [_region(one) for one in results if isinstance(one, Mapping)]
    return kept


def _region(region: Json) -> dict[str, Any]:
    value = region.get("value")
    choices = value.get("choices") if isinstance(value, Mapping) else None
    return {"from_name": region.get("from_name"), "choices": choices}


def _answer(annotation: Any, key: str, project: int) -> RawAnswer:
    if not isinstance(annotation, Mapping):
        raise MalformedRecordError("an annotation is no object")
    number, task = _number(annotation, "id"), _number(annotation, "task")
    created, updated = _time(annotation, "created_at"), _time(annotation, "updated_at")
    label, note = _label(annotation)
    return RawAnswer(
        answer_id=f"{project}-{task}-{number}-{_microseconds(created)}",
        key=key,
        annotator_id=_annotator(annotation),
        label=label,
        answered_at=updated.isoformat(),
        seconds=_seconds(annotation.get("lead_time")),
        revision=_microseconds(updated),
        note=note,
        place=f"project {project}, task {task}, annotation {number}",
    )


def _label(annotation: Json) -> tuple[str | None, str]:
    for name in ("was_cancelled", "ground_truth"):
        if not isinstance(annotation.get(name), bool):
            raise MalformedRecordError(f"an annotation does not say {name}")
    if annotation["was_cancelled"]:
        return None, SKIPPED
    if is_gold(annotation):
        return None, GOLD
    results = annotation.get("result")
    if not isinstance(results, list):
        raise MalformedRecordError("an annotation has no result")
    chosen = [choice for region in results for choice in _choices(region)]
    if len(chosen) == 1:
        return chosen[0], ""
    return None, SEVERAL if chosen else EMPTY


def _choices(region: Any) -> list[str]:
    if not isinstance(region, Mapping):
        raise MalformedRecordError("a result is no object")
    if region.get("from_name") != CONTROL:
        return []
    choices = region.get("choices")
    if not isinstance(choices, list) or not all(map(_is_text, choices)):
        raise MalformedRecordError("a result's choices are no list of classes")
    return choices


def _annotator(annotation: Json) -> str:
    # An account that was deleted leaves its answers behind.
    if annotation.get("completed_by") is None:
        return f"deleted-{_number(annotation, 'id')}"
    return str(_number(annotation, "completed_by"))


def _number(annotation: Json, name: str) -> int:
    value = annotation.get(name)
    if not _is_number(value):
        raise MalformedRecordError(f"an annotation's {name} is no number")
    return value


def _is_number(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**63


def _is_text(value: Any) -> TypeGuard[str]:
    """Whether a value is text that files and databases take."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST or "\0" in value:
        return False
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _time(annotation: Json, name: str) -> datetime:
    value = annotation.get(name)
    try:
        time = datetime.fromisoformat(value if isinstance(value, str) else "")
        if time.tzinfo is None or time.year < 1970:
            raise ValueError
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MalformedRecordError(f"{name} is no time") from None


def _microseconds(time: datetime) -> int:
    return max((time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), 0)


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float):
        raise MalformedRecordError("an annotation's lead_time is no number")
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
