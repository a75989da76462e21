"""All that the report says, as plain values: what `gather` fills and `render` reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from tasks.domain.digests import Digest
from tasks.domain.outlook import RoundSummary
from tasks.domain.tables import ANNOTATORS, QUARANTINE

Kind = Literal["new", "ready", "running", "awaiting_labels", "stopped"]


@dataclass(frozen=True)
class State:
    """Where the campaign is.

    Attributes
    ----------
    round : int or None
        The newest round; None if there is none.
    rule, reason : str
        What stopped it, and why; empty unless it is stopped.
    go_on : str
        What to change so that it goes on.
    """

    kind: Kind = "new"
    round: int | None = None
    rule: str = ""
    reason: str = ""
    go_on: str = ""


@dataclass(frozen=True)
class Picture:
    """An image as a data URI.

    Attributes
    ----------
    drawn : bool
        Made here of bare pixel values: shown without smoothing.
    ink : bool
        Dark on light, to be turned round on a dark page.
    """

    uri: str
    drawn: bool = False
    ink: bool = False


@dataclass(frozen=True)
class Content:
    """What is in an item, as far as a card of the gallery shows it."""

    picture: Picture | None = None
    texts: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Given:
    """The label that an item has now; empty if it went back to the pool without one."""

    label: str
    confidence: float
    status: str


@dataclass(frozen=True)
class Query:
    """One query decision of a batch, and what came of it.

    Attributes
    ----------
    guesses : tuple of (str, float)
        The model's most probable classes when it asked; empty without a model.
    content : Content or None
        None if the item is no longer in the pool.
    given : Given or None
        None while there is no label.
    """

    item_id: str
    rank: int
    strategy: str
    score: float
    inclusion_probability: float
    reason: str
    guesses: tuple[tuple[str, float], ...] = ()
    content: Content | None = None
    given: Given | None = None


@dataclass(frozen=True)
class Share:
    """How much of a batch a strategy filled, and the score that an item needed for it."""

    strategy: str
    queried: int
    cutoff: float


@dataclass(frozen=True)
class RoundReport:
    """One round.

    Attributes
    ----------
    summary : RoundSummary or None
        None while the round is open.
    classes : mapping of str to int
        Labels after the round.
    tasks : mapping of str to int
        What was sent, by role.
    queried, labelled, foreseen : int
        Items asked for; those that have a label now; those whose label is the model's first guess.
    queries : tuple of Query
        The first ones of the batch, by rank.
    tracked : bool
        Whether MLflow has the round.
    undone : str
        Why it was thrown away; empty if it stands.
    files : mapping of str to Digest
        The bytes that the round left.
    """

    number: int
    summary: RoundSummary | None = None
    batch: int | None = None
    alpha: float | None = None
    gold_accuracy: float | None = None
    quarantined: int | None = None
    classes: Mapping[str, int] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    tasks: Mapping[str, int] = field(default_factory=dict)
    queried: int = 0
    labelled: int = 0
    foreseen: int = 0
    queries: tuple[Query, ...] = ()
    opened_at: str = ""
    closed_at: str = ""
    tag: str = ""
    tracked: bool = False
    undone: str = ""
    files: Mapping[str, Digest] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What came of one expectation.

    Attributes
    ----------
    severity : str
        ``stop`` or ``warn``: what happens if it does not hold.
    success : bool
        Whether it holds.
    detail : str
        What was expected, and what was found.
    count : int or None
        Rows that are not as expected, and the first of their ids in `items`.
    """

    severity: str
    expectation: str
    success: bool
    where: str = ""
    count: int | None = None
    items: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Validation:
    """What the newest validation found: every expectation of every suite."""

    expectations: tuple[Finding, ...] = ()

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Those that do not hold."""
        return tuple(one for one in self.expectations if not one.success)


@dataclass(frozen=True)
class StopCheck:
    """What one stop rule said after the last round."""

    rule: str
    fires: bool
    reason: str


@dataclass(frozen=True)
class Provenance:
    """Where everything came from.

    Attributes
    ----------
    head : str
        SHA-256 of the ledger's last entry.
    as_of : str
        When that was written.
    packages : mapping of str to str
        Versions in the newest round.
    """

    head: str = ""
    entries: int = 0
    as_of: str = ""
    experiment: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportData:
    """A campaign.

    Attributes
    ----------
    confidence : float
        Of the intervals, within (0, 1).
    reserved : float
        What the answers of an open batch will cost at most.
    thrown_away : float
        What was paid in undone rounds that no round counts yet which stands.
    reopened : tuple of str
        By which changes the campaign went on after it had stopped.
    annotators, quarantine : DataFrame
        Columns as in `tables.ANNOTATORS` and `tables.QUARANTINE`, of all rounds.
    quality : mapping
        What `tasks.review` measured last; empty before the first round was reviewed.
    """

    name: str
    classes: tuple[str, ...] = ()
    state: State = State()
    budget: float | None = None
    reserved: float = 0.0
    thrown_away: float = 0.0
    reopened: tuple[str, ...] = ()
    confidence: float = 0.95
    rounds: tuple[RoundReport, ...] = ()
    annotators: pd.DataFrame = field(default_factory=ANNOTATORS.empty)
    quarantine: pd.DataFrame = field(default_factory=QUARANTINE.empty)
    quality: Mapping[str, Any] = field(default_factory=dict)
    validation: Validation = Validation()
    stop: tuple[StopCheck, ...] = ()
    provenance: Provenance = Provenance()

    @property
    def closed(self) -> tuple[RoundReport, ...]:
        """The rounds that have ended."""
        return tuple(one for one in self.rounds if one.summary)

    @property
    def spent(self) -> float:
        """All money that was spent."""
        return (self.last.spent if self.last else 0.0) + self.thrown_away

    @property
    def undone(self) -> tuple[RoundReport, ...]:
        """The rounds that were thrown away."""
        return tuple(one for one in self.rounds if one.undone)

    @property
    def last(self) -> RoundSummary | None:
        """The summary of the newest round that has ended."""
        return self.closed[-1].summary if self.closed else None
