"""Why what a vendor delivered is no answer, and what can be done about it."""

from collections.abc import Collection
from dataclasses import dataclass

from tasks.domain.incoming import MalformedRecordError

CLASSES = 8
"""How many classes are named."""


@dataclass(frozen=True)
class Reason:
    """Why something is set aside; `fix` is addressed to whoever can mend it."""

    what: str
    fix: str


NEVER_SENT = Reason("for an item that was never sent", "take the key from what was sent")
OTHER_ANSWER = Reason(
    "its answer_id is that of another answer", "give every answer an id of its own"
)
OTHER_CONTENT = Reason(
    "it differs from what was delivered as the same revision",
    "deliver a change with a higher revision",
)
SAME_ANNOTATOR = Reason(
    "the same annotator answered this item before",
    "let somebody else answer; this one counts if the other is withdrawn",
)
TOO_MANY = Reason(
    "more answers of this item than were asked for",
    "nothing need be done; it counts if another is withdrawn",
)


def unknown_class(label: str, classes: Collection[str]) -> Reason:
    """Say that a label is none of the classes."""
    return Reason(f"of an unknown class, {label!r}", f"choose one of {named(classes)}")


def no_class(note: str) -> Reason:
    """Say that there is no label, and why, if the vendor says so."""
    return Reason(
        f"no class was given ({note})" if note else "no class was given",
        "give one if it was left out by mistake; if not, the answer counts as one that never comes",
    )


def malformed(error: MalformedRecordError) -> Reason:
    """Say that a record cannot be understood."""
    return Reason(
        error.what if error.place else f"malformed: {error.what}",
        error.fix or "mend it at the vendor and have it delivered again",
    )


def unsound(what: str) -> Reason:
    """Say that an answer holds what no table can hold."""
    return Reason(f"malformed: {what}", "mend it at the vendor and have it delivered again")


def named(classes: Collection[str]) -> str:
    """List classes, the first few of many."""
    some = sorted(classes)
    return ", ".join(some[:CLASSES]) + (", …" if len(some) > CLASSES else "")
