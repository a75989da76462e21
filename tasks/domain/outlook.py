"""What stop rules decide on, and what they say."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
        What the next batch would cost at most.
    next_batch_parts : mapping of str to float
        The same by what is asked for: queries, gold, holdout, uncertain items asked again.
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
    next_batch_parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a stop rule says, and why, in one sentence."""

    fires: bool
    reason: str
