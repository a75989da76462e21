"""Which of the things that annotators are said to have answered are believed.

What is believed depends on what was said and not on the order in which it came: a vendor may
deliver a withdrawal before or after the answer that takes its place, on one page or on two.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.delivery import reasons
from tasks.delivery.inbox import Item
from tasks.delivery.reasons import Reason
from tasks.domain.incoming import RawAnswer

Row = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """One revision of one answer, as a vendor delivered it.

    Attributes
    ----------
    number : int
        Claims are numbered in the order in which they came.
    item : Item or None
        The record that it came with; None if it was known before the round, or follows from its
        absence.
    known : bool
        Whether it was believed in an earlier round.
    """

    raw: RawAnswer
    number: int
    item: Item | None = None
    known: bool = False


@dataclass
class Claims:
    """All that was said so far: each revision of each answer once."""

    by_answer: dict[str, dict[RawAnswer, Claim]] = field(default_factory=dict)
    by_key: dict[str, set[str]] = field(default_factory=dict)
    count: int = 0

    def add(self, raw: RawAnswer, item: Item | None = None, *, known: bool = False) -> bool:
        """Take a claim in; False if the very same was there already."""
        there = self.by_answer.setdefault(raw.answer_id, {})
        if (content := _content(raw)) in there:
            return False
        there[content] = Claim(raw, self.count, item, known)
        self.by_key.setdefault(raw.key, set()).add(raw.answer_id)
        self.count += 1
        return True

    def delete_others(self, key: str, there: frozenset[str]) -> None:
        """Conclude that the answers of a task that are not among those `there` were deleted."""
        for answer_id in sorted(self.by_key.get(key, set()) - there):
            mine = [one.raw for one in self.by_answer[answer_id].values() if one.raw.key == key]
            last = max(mine, key=lambda raw: (raw.revision, raw.label is None))
            if last.label is not None:
                gone = replace(last, label=None, revision=last.revision + 1, note="deleted")
                self.add(gone)


@dataclass(frozen=True)
class Believed:
    """What is believed of all that was said.

    Attributes
    ----------
    answers : tuple of RawAnswer
        What earlier rounds did not know: every revision of the answers that count, and of those
        that were taken back, in the order in which they came.
    refused : tuple of (Claim, Reason)
        What is no answer, in the order in which it came. What a newer revision of the same answer
        has put right is not among it.
    by_key : mapping of str to int
        How many answers each task has.
    """

    answers: tuple[RawAnswer, ...]
    refused: tuple[tuple[Claim, Reason], ...]
    by_key: Mapping[str, int]


def believe(claims: Claims, tasks: Mapping[str, Row], classes: frozenset[str]) -> Believed:
    """Decide what is believed.

    An answer is what its newest revision says. One that was taken back leaves its place. The
    places of a task go to answers that were believed in earlier rounds and still stand, then to
    the others by the time at which they were first given, ties by answer_id; an annotator gets one
    place for an item.

    Parameters
    ----------
    tasks : mapping of str to dict
        Each key that was ever sent, with its row of `tasks.domain.tables.SENT`.
    classes : frozenset of str
        All that may be answered.
    """
    refused: list[tuple[Claim, Reason]] = []
    histories = []
    for said in claims.by_answer.values():
        history, objections = _sorted_out(list(said.values()), tasks, classes)
        refused += objections
        histories += [history] if history else []
    standing = sorted((one for one in histories if one.stands), key=_History.priority)
    placed, late = _placed(standing, tasks)
    refused += late
    kept = [one for one in histories if not one.stands or one.answer_id in placed]
    new = sorted(_new(kept), key=lambda claim: claim.number)
    heard = ((claim, reason) for claim, reason in refused if claim.item is not None)
    return Believed(
        answers=tuple(claim.raw for claim in new),
        refused=tuple(sorted(heard, key=lambda pair: pair[0].number)),
        by_key=Counter(placed.values()),
    )


@dataclass(frozen=True)
class _History:
    """The revisions of one answer, from the first that has a label on; oldest first."""

    claims: tuple[Claim, ...]

    @property
    def answer_id(self) -> str:
        return self.claims[0].raw.answer_id

    @property
    def newest(self) -> Claim:
        return self.claims[-1]

    @property
    def stands(self) -> bool:
        """Whether it was not taken back."""
        return self.newest.raw.label is not None

    def priority(self) -> tuple[bool, str, str]:
        """Give its place in the queue for the places of its task."""
        known = [claim for claim in self.claims if claim.known]
        stood = bool(known) and known[-1].raw.label is not None
        return not stood, self.claims[0].raw.answered_at, self.answer_id


def _sorted_out(
    claims: list[Claim], tasks: Mapping[str, Row], classes: frozenset[str]
) -> tuple[_History | None, list[tuple[Claim, Reason]]]:
    """Find the history among all that has one answer_id, and what cannot belong to it."""
    refused = [(one, reasons.NEVER_SENT) for one in claims if one.raw.key not in tasks]
    ours = sorted(
        (one for one in claims if one.raw.key in tasks), key=lambda one: _precedence(one, classes)
    )
    if not ours:
        return None, refused
    owner = _owner(ours[0])
    refused += [(one, reasons.OTHER_ANSWER) for one in ours if _owner(one) != owner]
    own = [one for one in ours if _owner(one) == owner]
    last = max(one.raw.revision for one in own)
    revisions: dict[int, Claim] = {}
    for one in own:
        if one.raw.label is not None and one.raw.label not in classes:
            refused += _unless_newer(one, last, reasons.unknown_class(one.raw.label, classes))
        elif revisions.setdefault(one.raw.revision, one) is not one:
            refused.append((one, reasons.OTHER_CONTENT))
    labelled = [number for number, one in revisions.items() if one.raw.label is not None]
    if not labelled:
        for one in revisions.values():
            refused += _unless_newer(one, last, reasons.no_class(one.raw.note))
        return None, refused
    since = [number for number in sorted(revisions) if number >= min(labelled)]
    return _History(tuple(revisions[number] for number in since)), refused


def _placed(
    standing: Iterable[_History], tasks: Mapping[str, Row]
) -> tuple[dict[str, str], list[tuple[Claim, Reason]]]:
    """Give out places in the order given: the key by the answer_id, and who got none."""
    placed: dict[str, str] = {}
    taken: Counter[str] = Counter()
    people: set[tuple[str, int, str]] = set()
    refused = []
    for one in standing:
        raw = one.newest.raw
        task = tasks[raw.key]
        if (person := _person(raw, task)) in people:
            refused.append((one.newest, reasons.SAME_ANNOTATOR))
        elif taken[raw.key] >= task["copies"]:
            refused.append((one.newest, reasons.TOO_MANY))
        else:
            placed[one.answer_id] = raw.key
            taken[raw.key] += 1
            people.add(person)
    return placed, refused


def _new(histories: Iterable[_History]) -> Iterator[Claim]:
    return (claim for one in histories for claim in one.claims if not claim.known)


def _unless_newer(claim: Claim, last: int, reason: Reason) -> list[tuple[Claim, Reason]]:
    """Refuse a claim, unless a newer revision of its answer has put it right."""
    return [(claim, reason)] if claim.raw.revision == last else []


def _precedence(claim: Claim, classes: frozenset[str]) -> tuple[Any, ...]:
    """Order what contradicts itself: what earlier rounds believed first, then what is an answer."""
    raw = claim.raw
    kind = 1 if raw.label is None else 0 if raw.label in classes else 2
    content = (raw.answered_at, raw.key, raw.annotator_id, raw.label or "", repr(raw.seconds))
    return not claim.known, kind, raw.revision, *content


def _owner(claim: Claim) -> tuple[str, str]:
    return claim.raw.key, claim.raw.annotator_id


def _content(raw: RawAnswer) -> RawAnswer:
    """Give what is kept of an answer; why it has no label and where it stands are not."""
    return replace(raw, note="", place="")


def _person(raw: RawAnswer, task: Row) -> tuple[str, int, str]:
    # Gold is used again and again, and may meet the same annotator in another round.
    turn = task["round"] if task["role"] == "gold" else -1
    return task["item_id"], turn, raw.annotator_id
