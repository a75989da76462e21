"""What stop rules decide on, and what they say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

Metrics = Mapping[str, Mapping[str, float]]
"""``{"accuracy": {"value": …, "low": …, "high": …}, …}``"""


@dataclass(frozen=True)
class RoundSummary:
    """One finished round as stop rules, the report and `status` see it.

    Attributes
    ----------
    metrics : Metrics
        By the labels that the holdout has now; empty if there was no model.
    labels : int
        Items of the pool with a label after the round.
    answers : int
        Answers paid so far.
    spent : float
        Money spent so far.
    holdout : int
        Items of the holdout that the metrics are of.
    measured : Metrics
        By the labels that the holdout had when the round was closed.
    labels_changed, labels_added : int
        Items of the holdout that have another label since, or have their first.
    gained : Metrics
        How much more the newest round has, over the same items; empty for the newest itself.
    """

    round: int
    metrics: Metrics
    labels: int
    answers: int
    spent: float
    holdout: int = 0
    measured: Metrics = field(default_factory=dict)
    labels_changed: int = 0
    labels_added: int = 0
    gained: Metrics = field(default_factory=dict)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Read a round of history.json."""
        names = [one.name for one in fields(cls) if one.name in record]
        return cls(**{name: record[name] for name in names})

    @property
    def is_revised(self) -> bool:
        """Whether a figure is another than when the round was closed."""
        return any(
            self.metrics[name]["value"] != then["value"]
            for name, then in self.measured.items()
            if name in self.metrics
        )


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
        What the next batch would cost at most.
    next_batch_parts : mapping of str to float
        The same by what is asked for: queries, gold, holdout, uncertain items asked again.
    outstanding : float
        What answers that are still out may cost.
    candidates : int
        Items that could still be queried.
    confidence : float
        Of the metrics' intervals.
    """

    rounds: tuple[RoundSummary, ...]
    budget: float | None
    next_batch_cost: float
    candidates: int
    outstanding: float = 0.0
    confidence: float = 0.95
    next_batch_parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a stop rule says, and why, in one sentence."""

    fires: bool
    reason: str
