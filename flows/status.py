"""Where a campaign stands, for people and for programs."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks import campaign as at
from tasks import pipeline
from tasks.delivery import pages
from tasks.domain import state
from tasks.versions.store import Store
from tasks.work import Work, look_at


@dataclass(frozen=True)
class Status:
    """What ``labelloop status --json`` gives, field by field.

    Attributes
    ----------
    round : int
        The round that is open, else the last that was closed.
    stage : str
        What comes next in the open round.
    state : str
        ready, awaiting_labels or stopped.
    labels : int
        Items of the pool with a label.
    metrics : dict
        Of the last closed round: ``{name: {value, low, high}}``. Beside those of the model,
        ``baseline/`` and a name is what always answering the largest class has,
        ``above_baseline/`` how much more the model has, ``label_error`` the share of the holdout's
        own labels that are wrong, and ``ceiling/`` what a model without a mistake would show.
    stop : dict or None
        ``{rule, reason}`` once a stop rule has fired.
    waiting : dict or None
        While people are labeling, as of the last look: the vendor's name, how many answers were
        asked for (`expected`), are in (`answered`) and will never come (`gone`), how many records
        were set aside, and why the last of them was.
    """

    campaign: str
    round: int
    stage: str
    state: str
    labels: int
    spent: float
    budget: float | None
    metrics: dict[str, Any]
    stop: dict[str, Any] | None
    waiting: dict[str, Any] | None
    ledger_head: str

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        return asdict(self)


def status(directory: Path) -> Status:
    """Read where a campaign stands; changes nothing."""
    work = look_at(directory)
    entries = work.ledger.entries()
    history = rounds(work)
    newest: dict[str, Any] = history[-1] if history else {"labels": 0, "metrics": {}}
    stop = state.stop(entries)
    return Status(
        campaign=work.params.campaign.name,
        round=_round(entries),
        stage=_stage(entries),
        state=state.state(entries),
        labels=newest["labels"],
        spent=spent(entries),
        budget=work.params.campaign.budget,
        metrics=newest["metrics"],
        stop=dict(stop) if stop else None,
        waiting=_waiting(work) if state.state(entries) == "awaiting_labels" else None,
        ledger_head=work.ledger.head,
    )


def _waiting(work: Work) -> dict[str, Any]:
    current = state.current_round(work.ledger.entries())
    looks = [
        look.body
        for look in state.of_kind(work.ledger.entries(), "looked", current)
        if look.body["progress"]
    ]
    newest = looks[-1] if looks else None
    progress = newest["progress"] if newest else {"expected": 0, "answered": 0, "gone": 0}
    aside = _set_aside(work) if newest else []
    return {
        "vendor": newest["vendor"] if newest else work.params.vendor.name,
        **{name: progress[name] for name in ("expected", "answered", "gone")},
        "set_aside": len(aside),
        "reason": aside[-1] if aside else None,
    }


def _set_aside(work: Work) -> list[str]:
    """Say why records of the open round are no answers; nothing if its files are not here."""
    needed = (at.INBOX, at.BATCH, at.BASE_SENT, at.BASE_ANSWERS)
    here = all(work.campaign.path(name).exists() for name in needed)
    if not here or not pages.lines(work.campaign.path(at.INBOX), work.campaign.round):
        return []
    from tasks.delivery.standing import standing

    return [str(reason) for reason in standing(work.campaign, work.params).quarantine["reason"]]


def rounds(work: Work) -> list[dict[str, Any]]:
    """Read the history of the closed rounds, oldest first."""
    entries = work.ledger.entries()
    closed = len(state.closed_rounds(entries))
    path = work.campaign.path(at.HISTORY)
    history: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    sealed = state.last(entries, "snapshot", closed - 1)
    if len(history) < closed and sealed:
        # Another machine closed it, and left the file in DVC's remote.
        history = json.loads(
            Store(work.campaign.root).fetch(sealed.body["files"][at.HISTORY]["md5"])
        )
    return history[:closed]


def spent(entries: state.Entries) -> float:
    """Add up the money that was settled for answers."""
    return float(round(sum(entry.body["cost"] for entry in state.of_kind(entries, "settled")), 6))


def _round(entries: state.Entries) -> int:
    current = state.current_round(entries)
    is_open = state.last(entries, "round_opened", current) is not None
    return current if is_open or current == 0 else current - 1


def _stage(entries: state.Entries) -> str:
    if state.stop(entries):
        return "stop"
    current = state.current_round(entries)
    if state.is_sent(entries, current) and not state.is_collected(entries, current):
        return "collect"
    done = {entry.body["stage"] for entry in state.of_kind(entries, "stage", current)}
    return next((name for name in pipeline.NAMES if name not in done), "snapshot")
