"""The records of the vendor ``files``: what all files together say of one task, and bad rows."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tasks.domain.digests import of_value
from tasks.domain.incoming import MalformedRecordError, Parsed, RawAnswer, Subject


def _utc(text: str) -> str:
    if datetime.fromisoformat(text).utcoffset() != timedelta(0) or not text.endswith("+00:00"):
        raise ValueError("is no time in UTC")
    return text


Text = Annotated[str, Field(min_length=1, max_length=200)]
Time = Annotated[str, AfterValidator(_utc)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Answer(_Strict):
    """What an annotator says of a task.

    Attributes
    ----------
    label : str or None
        None if the annotator skips.
    written : str
        What the cell holds: the label in another spelling, maybe.
    answered_at : str
        The row's own time, or that of its file when labelloop first saw this answer.
    own_time : bool
        Whether it is the row's.
    file, row
        Where it was seen first.
    revision : int
        The look that found it, counted from 1; 0 before any did.
    """

    annotator: Text
    label: Text | None
    written: str
    answered_at: Time
    own_time: bool
    file: str
    row: Annotated[int, Field(ge=1)]
    revision: Annotated[int, Field(ge=0, lt=1 << 63)] = 0

    @property
    def meaning(self) -> tuple[str | None, str]:
        """What makes it another answer if it changes."""
        return self.label, self.answered_at if self.own_time else ""


class OfTask(_Strict):
    """Everything that is said of a task; no answers if all were taken back."""

    form: Literal["labelloop.files/1"] = "labelloop.files/1"
    kind: Literal["task"] = "task"
    batch: str
    key: Text
    answers: tuple[Answer, ...]


class BadRow(_Strict):
    """A row that cannot be understood.

    Attributes
    ----------
    column : str
        The title of the column in which something is amiss.
    look : int
        The look that found it, or found that it was mended, counted from 1; 0 before any did.
    mended : bool
        Whether there is no such row any more.
    """

    form: Literal["labelloop.files/1"] = "labelloop.files/1"
    kind: Literal["bad_row"] = "bad_row"
    batch: str
    file: str
    row: Annotated[int, Field(ge=1)]
    column: str
    problem: str
    fix: str
    cells: dict[str, str]
    look: Annotated[int, Field(ge=0, lt=1 << 63)] = 0
    mended: bool = False


Record = OfTask | BadRow
RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])


def identity(record: Record) -> str:
    """Give what tells a record from others; a task's stays the same as its answers change."""
    if isinstance(record, OfTask):
        return f"task {record.key}"
    return f"row {of_value(record.model_dump(mode='json', exclude={'look', 'mended'}))}"


def parse(record: Mapping[str, Any]) -> Parsed:
    """Understand one record; raises `MalformedRecordError`."""
    try:
        # Lists become tuples only from JSON, or when types are taken loosely.
        known = RECORD.validate_json(_json(record))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the record"
        raise MalformedRecordError(f"{place}: {first['msg']}") from None
    if isinstance(known, BadRow):
        return _mended(known)
    answers = tuple(_raw(known.batch, known.key, answer) for answer in known.answers)
    if len({answer.answer_id for answer in answers}) < len(answers):
        raise MalformedRecordError("answers: one annotator has two")
    return Parsed(answers, all_of=known.key)


def _mended(row: BadRow) -> Parsed:
    """Say that a row was mended; raises `MalformedRecordError` if it was not."""
    subject = Subject(identity(row), row.look)
    if row.mended:
        return Parsed((), subject=subject)
    place = f"{row.batch}/{row.file}, row {row.row}, column {row.column!r}"
    raise MalformedRecordError(row.problem, place=place, fix=row.fix, subject=subject)


def _json(record: Any) -> str:
    try:
        return json.dumps(record, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MalformedRecordError(f"it is not JSON: {error}") from None


def _raw(batch: str, key: str, answer: Answer) -> RawAnswer:
    return RawAnswer(
        answer_id=of_value([key, answer.annotator])[:32],
        key=key,
        annotator_id=answer.annotator,
        label=answer.label,
        answered_at=answer.answered_at,
        seconds=None,
        revision=answer.revision,
        note="" if answer.label is not None else "skipped",
        place=f"{batch}/{answer.file}, row {answer.row}",
    )
