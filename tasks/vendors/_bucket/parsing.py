"""Understanding one row of a file of results, offline."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.domain.files import canonical_json
from tasks.domain.incoming import MalformedRecordError, Parsed, RawAnswer, Subject
from tasks.vendors._bucket.options import Column, Options
from tasks.vendors._bucket.strict import strict_object

LONGEST = 1000
"""Letters of a key, class or name."""
ANSWERED = {"", "answered", "completed", "submitted"}
NO_ANSWER = {"skipped", "declined", "withdrawn", "deleted"}
OVER = {"expired", "failed"}
"""The task is over: no more answers of it will come."""
NOT_OURS = {"gold", "prediction"}
"""What the partner itself knows or guesses: no answer of an annotator."""
TIES = 1 << 20
"""Changes of one answer that may have the same time."""
TURNS = 1 << 10
"""Things that are said of one answer with the same time and told apart."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MOST_SECONDS = 1e9

Columns = Mapping[str, Any]


def parse(record: Mapping[str, Any], options: Options) -> Parsed:
    """Understand one record of `tasks.vendors._bucket.rows`; raises `MalformedRecordError`."""
    place, subject = _where(record), _subject(record)
    if "anew" in record:
        return Parsed((), subject=subject)
    try:
        row = columns_of(record)
        if _status(row, options) in OVER | NOT_OURS:
            return Parsed((), subject=subject)
        answer = _answer(row, _whole(record.get("tie", 0), "tie"), options)
        return Parsed((replace(answer, place=place),), subject=subject)
    except ValueError as error:
        fix = "let it be mended in its file, or taken out of it"
        raise MalformedRecordError(str(error), place=place, fix=fix, subject=subject) from None


def columns_of(record: Mapping[str, Any]) -> Columns:
    """Give what a record says, by the partner's own columns; raises `ValueError`."""
    if "fault" in record:
        raise ValueError(str(record["fault"]))
    if isinstance(text := record.get("text"), str):
        return strict_object(text)
    cells = record.get("cells")
    if not isinstance(cells, Mapping) or not all(isinstance(one, str) for one in cells.values()):
        raise ValueError("is no record of a bucket")
    return {name: cell.strip() for name, cell in cells.items()}


def ended(row: Columns, options: Options) -> str | None:
    """Give the key of the task that a row says to be over; None if it says something else."""
    return _text(row, "key", options) if _status(row, options) in OVER else None


def _answer(row: Columns, tie: int, options: Options) -> RawAnswer:
    key, annotator = _text(row, "key", options), _text(row, "annotator", options)
    answered_at = _moment(row, options)
    label, note = _label(row, options)
    return RawAnswer(
        answer_id=_identity(key, annotator, _text(row, "answer_id", options, missing="")),
        key=key,
        annotator_id=annotator,
        label=label,
        answered_at=answered_at.isoformat(),
        seconds=_seconds(row, options),
        revision=_revision(row, answered_at, tie, options),
        note=note,
    )


def _status(row: Columns, options: Options) -> str:
    return _text(row, "status", options, missing="").lower()


def _label(row: Columns, options: Options) -> tuple[str | None, str]:
    status = _status(row, options)
    if status in NO_ANSWER:
        return None, status
    if status not in ANSWERED:
        known = ", ".join(sorted((ANSWERED | NO_ANSWER | OVER | NOT_OURS) - {""}))
        raise ValueError(f"has the status {status!r}, which is none of {known}")
    label = _text(row, "label", options, missing="")
    return (options.labels.get(label, label), "") if label else (None, "empty")


def _identity(key: str, annotator: str, given: str) -> str:
    # A partner's own id alone may be used again for another answer.
    identity = canonical_json([key, annotator, given])
    return f"answer-{hashlib.sha256(identity.encode()).hexdigest()[:32]}"


def _text(row: Columns, column: Column, options: Options, *, missing: str | None = None) -> str:
    title = options.title(column)
    value = row.get(title)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        if missing is None:
            raise ValueError(f"has no {title!r}")
        return missing
    if not isinstance(value, str):
        raise ValueError(f"has a {type(value).__name__} as {title!r}, not a text")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError(f"has half a letter as {title!r}, which is no text")
    if len(value) > LONGEST:
        raise ValueError(f"has {len(value)} letters as {title!r}; {LONGEST} are too many already")
    return value


def _moment(row: Columns, options: Options) -> datetime:
    title, text = options.title("answered_at"), _text(row, "answered_at", options)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"has {text[:40]!r} as {title!r}, which is no ISO 8601 time") from None
    if moment.tzinfo is None:
        if not options.utc:
            raise ValueError(f"has a time without an offset as {title!r}, such as +00:00")
        moment = moment.replace(tzinfo=UTC)
    if not FIRST <= moment < LAST:
        raise ValueError(f"has {text[:40]!r} as {title!r}, which is out of all reason")
    return moment.astimezone(UTC)


def _seconds(row: Columns, options: Options) -> float | None:
    title = options.title("seconds")
    value = row.get(title)
    if value is None or value == "":
        return None
    try:
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if isinstance(value, bool) or not 0 <= seconds <= MOST_SECONDS:
        raise ValueError(f"has {str(value)[:40]!r} as {title!r}, which is no duration in seconds")
    return seconds


def _revision(row: Columns, answered_at: datetime, tie: int, options: Options) -> int:
    title = options.title("revision")
    value = row.get(title)
    if value is None or value == "":
        # Later is newer. A file that is delivered again says the same of the same answer.
        return (answered_at - EPOCH) // timedelta(milliseconds=1) * TIES + tie % TIES
    return _whole(value, title)


def _whole(value: Any, title: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError(f"has {str(value)[:40]!r} as {title!r}, which is no whole number from 0")
    return value


def _where(record: Mapping[str, Any]) -> str:
    if not isinstance(record, Mapping):
        raise MalformedRecordError(f"is a {type(record).__name__}, not an object")
    return f"{record.get('file', 'a file')}, line {record.get('line', '?')}"


def _subject(record: Mapping[str, Any]) -> Subject | None:
    """Name the file that a row is from: when it is read anew, its earlier rows hold no longer."""
    file, tie = record.get("file"), record.get("tie")
    if not isinstance(file, str) or type(tie) is not int or tie < 0:
        return None
    return Subject(file, tie // TURNS)
