"""What a strategy, learner, aggregator, stop rule, vendor and ledger must be.

A component is a frozen dataclass whose fields are its options; it holds no other state, so one that
is built anew from params.yaml behaves as the one before. `tests/contracts` holds the laws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from tasks.domain.entries import Entry

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Candidates:
    """The items that may be queried now, in the order of `item_id`.

    Attributes
    ----------
    item_ids : ndarray of str, shape (n,)
    features : ndarray of float64, shape (n, d)
        Numbers that distances can be taken of; of no columns if no strategy needs them.
    probabilities : ndarray of float64, shape (n, c), or None
        One row sums to 1; None while there is no model.
    classes : tuple of str, length c
    """

    item_ids: Strings
    features: Floats
    probabilities: Floats | None
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.item_ids)


class Strategy(Protocol):
    """Says how much each candidate is wanted.

    Laws: scores are finite, one per candidate, and do not depend on the candidates' order; the
    same generator state gives the same scores; options alone are its state.
    """

    needs_model: ClassVar[bool]
    """Whether it reads `Candidates.probabilities`."""
    is_random: ClassVar[bool]
    """Whether taking the n highest scores is a simple random sample of the candidates."""
    needs_features: ClassVar[bool]
    """Whether it reads `Candidates.features`."""

    def score(self, candidates: Candidates, n: int, rng: np.random.Generator) -> Floats:
        """Score every candidate, shape (len(candidates),); higher is wanted more.

        `n` is how many will be taken, for strategies that spread themselves over the batch.
        """
        ...

    def reason(self, score: float, top: Sequence[tuple[str, float]]) -> str:
        """Say in one sentence why an item with this score is wanted.

        `top` holds its two most probable classes with their probabilities; empty without a model.
        """
        ...


class Learner(Protocol):
    """Makes the classifier at the end of the pipeline."""

    def estimator(self, seed: int) -> Any:
        """Make an unfitted scikit-learn classifier, deterministic for a seed."""
        ...


@dataclass(frozen=True)
class Consensus:
    """What an aggregator makes of answers.

    Attributes
    ----------
    labels : DataFrame
        Columns item_id, label, confidence (0 to 1); one row per item that has an answer.
    """

    labels: "pd.DataFrame"


class Aggregator(Protocol):
    """Makes one label per item out of several answers.

    Laws: independent of the answers' order; unanimous answers win; confidence is within [0, 1];
    every item with an answer gets exactly one label, and it is one of `classes`.
    """

    def aggregate(self, answers: "pd.DataFrame", classes: Sequence[str]) -> Consensus:
        """Aggregate a frame with the columns item_id, annotator_id, label."""
        ...


@dataclass(frozen=True)
class RoundSummary:
    """One finished round as stop rules, the report and `status` see it.

    Attributes
    ----------
    metrics : mapping of str to mapping
        ``{"accuracy": {"value": …, "low": …, "high": …}, …}``; empty if there was no model.
    labels : int
        Items of the pool with a label after the round.
    answers : int
        Answers paid so far.
    spent : float
        Money spent so far.
    """

    round: int
    metrics: Mapping[str, Mapping[str, float]]
    labels: int
    answers: int
    spent: float


@dataclass(frozen=True)
class Outlook:
    """What a stop rule decides on.

    Attributes
    ----------
    rounds : tuple of RoundSummary
        All finished rounds, oldest first; never empty.
    budget : float or None
        Money for the whole campaign.
    next_batch_cost : float
        What another full batch would cost at most.
    outstanding : float
        What answers that are still out may cost.
    candidates : int
        Items that could still be queried.
    """

    rounds: tuple[RoundSummary, ...]
    budget: float | None
    next_batch_cost: float
    candidates: int
    outstanding: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What a stop rule says, and why, in one sentence."""

    fires: bool
    reason: str


class StopRule(Protocol):
    """Says whether another round is worth its money."""

    def verdict(self, outlook: Outlook) -> Verdict:
        """Decide; the reason is given either way."""
        ...


@dataclass(frozen=True)
class VendorContext:
    """What a vendor is told of the campaign.

    Attributes
    ----------
    campaign : str
        Its identity; part of every key.
    home : Path
        A folder outside version control that a vendor on this machine may use.
    truth : Path
        Known classes (`tables.TRUTH`): for simulation only.
    price : float
        Of one answer.
    """

    campaign: str
    classes: tuple[str, ...]
    price: float
    seed: int
    home: Path
    truth: Path


@dataclass(frozen=True)
class Task:
    """One copy of one item, as it leaves the house.

    Attributes
    ----------
    key : str
        Deterministic, of campaign, round, item, payload and copy; never two of the same.
    payload : mapping
        Only the fields that ``vendor.send`` lists.
    prelabel : str or None
        The model's own guess, where params.yaml asks for it to be shown.
    """

    key: str
    item_id: str
    copy: int
    payload: Mapping[str, Any]
    prelabel: str | None = None


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
    expected, answered : int
        Answers that are due and that are there.
    hours : float
        Since the batch was sent, by the vendor's clock.
    """

    expected: int
    answered: int
    hours: float

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come."""
        return self.answered >= self.expected


@dataclass(frozen=True)
class Page:
    """Records in the vendor's own form, and where to go on from.

    Attributes
    ----------
    records : tuple of dict
        JSON as it came; not checked.
    cursor : dict
        JSON; given to the next `fetch`.
    """

    records: tuple[Mapping[str, Any], ...]
    cursor: Mapping[str, Any]


@dataclass(frozen=True)
class RawAnswer:
    """One record, understood but not yet believed."""

    answer_id: str
    key: str
    annotator_id: str
    label: str
    answered_at: str
    seconds: float | None
    revision: int


class MalformedRecordError(ValueError):
    """A record is not of the vendor's form; the message says what is amiss."""


@dataclass(frozen=True)
class Statement:
    """What the vendor itself says it got, gave and charges."""

    tasks: Mapping[str, str] = field(default_factory=dict)
    answers: int = 0
    cost: float = 0.0


class Account(Protocol):
    """An open connection to a vendor for one campaign.

    Laws: `ensure_batch` twice is one batch; `submit` twice adds nothing; `fetch` from one cursor
    gives the same records however often it is asked, and following the cursors gives every record;
    `poll` changes nothing; only `tasks.domain.errors.VendorError` leaves it.
    """

    def preflight(self) -> None:
        """Raise a `VendorRefusedError` if a batch could not be sent now; change nothing."""
        ...

    def ensure_batch(self, batch: str) -> None:
        """Make the batch if it is not there."""
        ...

    def submit(self, batch: str, tasks: Sequence[Task]) -> list[Receipt]:
        """Send tasks; each key is taken once however often it is sent."""
        ...

    def reconcile(self, batch: str) -> list[Receipt]:
        """List the tasks that the vendor has of this batch."""
        ...

    def poll(self, batch: str) -> Progress:
        """Ask how far a batch is."""
        ...

    def fetch(self, cursor: Mapping[str, Any] | None) -> Page:
        """Get the records that are new since `cursor`, of all batches of the campaign."""
        ...

    def statement(self) -> Statement:
        """Get the vendor's own account of the whole campaign."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Vendor(Protocol):
    """Where annotators are found."""

    def connect(self, context: VendorContext) -> Account:
        """Open the campaign's account."""
        ...

    def parse(self, record: Mapping[str, Any]) -> RawAnswer:
        """Understand one record, without asking anybody.

        Raises
        ------
        MalformedRecordError
            It is not of the vendor's form.
        """
        ...


class Ledger(Protocol):
    """The append-only, hash-chained list of facts.

    Laws: entry n is written once, whoever tries; the entries read are always a whole chain; what
    `record` was asked for is there once, however many processes asked.
    """

    @property
    def head(self) -> str:
        """The digest of the newest entry; `tasks.domain.entries.GENESIS` if there is none."""
        ...

    def entries(self) -> tuple[Entry, ...]:
        """Read all entries, oldest first."""
        ...

    def append(self, round_number: int, kind: str, body: Mapping[str, Any]) -> Entry:
        """Write the next fact, or raise `tasks.domain.errors.EntryExistsError`."""
        ...

    def record(self, round_number: int, kind: str, body: Mapping[str, Any]) -> Entry:
        """Write a fact unless it is there already."""
        ...
