"""What a vendor gives to a campaign: hostile until it is checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Receipt:
    """The vendor's word that it has a task."""

    key: str
    task_id: str


@dataclass(frozen=True)
class Progress:
    """How far a batch is, by the vendor's own count and clock.

    Attributes
    ----------
    expected : int
        Answers that were asked for.
    answered : int
        Those that are there.
    gone : int
        Those that will never come: skipped by everybody, expired, failed, withdrawn.
    hours : float
        Since the batch was made, by the vendor's clock.
    """

    expected: int
    answered: int
    hours: float
    gone: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come."""
        return self.answered + self.gone >= self.expected


@dataclass(frozen=True)
class Page:
    """Records in the vendor's own form, and where to go on from.

    Attributes
    ----------
    records : tuple of dict
        JSON as it came; not checked.
    cursor : dict
        JSON; given to the next `fetch` of the same batch.
    more : bool
        Whether the next page is there already.
    """

    records: tuple[Mapping[str, Any], ...]
    cursor: Mapping[str, Any]
    more: bool = False


@dataclass(frozen=True)
class RawAnswer:
    """What one annotator said, understood but not yet believed.

    Attributes
    ----------
    answer_id : str
        The same in every revision; never that of another answer of the campaign, also if the
        vendor uses its own ids again.
    key : str
        Of the task.
    label : str or None
        None if it is (or is now) no answer: skipped, empty, deleted.
    answered_at : str
        ISO 8601, in UTC, ending in ``+00:00``.
    seconds : float or None
        How long the annotator took.
    revision : int
        Not negative; grows with every change of this answer.
    note : str
        Why there is no label; empty if there is one.
    place : str
        Where people find it at the vendor, such as a file and its row; empty if nowhere. It is
        shown if the answer is set aside, and is no part of the answer.
    """

    answer_id: str
    key: str
    annotator_id: str
    label: str | None
    answered_at: str
    seconds: float | None
    revision: int
    note: str = ""
    place: str = field(default="", compare=False)


@dataclass(frozen=True)
class Subject:
    """What a record is about, if a later record can take its place.

    Attributes
    ----------
    name : str
        The same for all records that are about it, such as the name of a file.
    edition : int
        A record of a higher edition takes the place of those of lower ones.
    """

    name: str
    edition: int


@dataclass(frozen=True)
class Parsed:
    """What one record says.

    Attributes
    ----------
    answers : tuple of RawAnswer
    all_of : str or None
        The key of the task that these are all the answers of: an earlier one that is missing
        here was deleted. None if the record does not say that.
    subject : Subject or None
        Malformed records of the same subject and of lower editions hold no longer.
    """

    answers: tuple[RawAnswer, ...]
    all_of: str | None = None
    subject: Subject | None = None


class MalformedRecordError(ValueError):
    """A record is not of the vendor's form.

    Attributes
    ----------
    what : str
        What is amiss.
    place : str
        Where people find it, such as a file, its row and column; empty if nowhere.
    fix : str
        What to do about it.
    subject : Subject or None
        What it is about, if a later record can say that it was mended.
    """

    def __init__(
        self, what: str, *, place: str = "", fix: str = "", subject: Subject | None = None
    ) -> None:
        said = f"{place}: {what}" if place else what
        super().__init__(f"{said}; {fix}" if fix else said)
        self.what, self.place, self.fix, self.subject = what, place, fix, subject


@dataclass(frozen=True)
class Statement:
    """What the vendor itself says it got, gave and charges.

    Attributes
    ----------
    tasks : mapping of str to str
        The vendor's id of each key.
    answers : int
        Given, that have a label now.
    cost : float
    """

    tasks: Mapping[str, str] = field(default_factory=dict)
    answers: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class Hint:
    """What a webhook's body says, believed by nobody: look now.

    Attributes
    ----------
    batch : str or None
        The vendor's name of the batch or project that it is about, for logs; None if it says none.
    """

    batch: str | None = None
