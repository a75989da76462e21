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
        The round that is open, else the last that was closed and stands.
    stage : str
        What comes next in the open round.
    state : str
        ready, awaiting_labels or stopped.
    labels : int
        Items of the pool with a label.
    metrics : dict
        Of the last closed round: ``{name: {value, low, high}}``.
    stop : dict or None
        ``{rule, reason, go_on}`` once a stop rule has fired, as the rules say it now; ``go_on`` is
        what to change so that the campaign goes on.
    reopened : list of dict
        The changes ``{field, before, now}`` by which a campaign that had stopped goes on, or would
        with the next run; empty once its next round is closed.
    undone : list of dict
        ``{round, reason}`` of the rounds that were thrown away.
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
    reopened: list[dict[str, Any]]
    undone: list[dict[str, Any]]
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
    stop, reopened = _stop(work)
    now = state.state(entries)
    return Status(
        campaign=work.params.campaign.name,
        round=_round(entries),
        stage=_stage(entries) if stop is None else "stop",
        state="ready" if now == "stopped" and stop is None else now,
        labels=newest["labels"],
        spent=spent(entries),
        budget=work.params.campaign.budget,
        metrics=newest["metrics"],
        stop=stop,
        reopened=reopened,
        undone=[
            {"round": number, "reason": body["reason"]}
            for number, body in state.undone_rounds(entries).items()
        ],
        waiting=_waiting(work) if state.state(entries) == "awaiting_labels" else None,
        ledger_head=work.ledger.head,
    )


def _stop(work: Work) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Say by which rule the campaign is stopped, if it is, and by which changes it goes on."""
    entries = work.ledger.entries()
    if (entry := state.reopened(entries)) is not None:
        return None, list(entry.body["changes"])
    if state.stop(entries) is None:
        return None, []
    from tasks.reopening import reconsider

    found = reconsider(work)
    if found is None or found.goes_on:
        return None, [asdict(change) for change in found.changes] if found else []
    return {name: found.decision[name] for name in ("rule", "reason", "go_on")}, []


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
    """Read the history of the closed rounds that stand, oldest first."""
    entries = work.ledger.entries()
    standing = state.standing_rounds(entries)
    path = work.campaign.path(at.HISTORY)
    history: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    sealed = state.last(entries, "snapshot", standing[-1]) if standing else None
    if sealed and [one["round"] for one in history[: len(standing)]] != standing:
        # Another machine closed it, and left the file in DVC's remote; or a later one was undone.
        history = json.loads(
            Store(work.campaign.root).fetch(sealed.body["files"][at.HISTORY]["md5"])
        )
    return history[: len(standing)]


def spent(entries: state.Entries) -> float:
    """Add up the money that was settled for answers."""
    return float(round(sum(entry.body["cost"] for entry in state.of_kind(entries, "settled")), 6))


def _round(entries: state.Entries) -> int:
    if state.opened(entries) is not None:
        return state.current_round(entries)
    return max(state.standing_rounds(entries), default=0)


def _stage(entries: state.Entries) -> str:
    current = state.current_round(entries)
    if state.is_sent(entries, current) and not state.is_collected(entries, current):
        return "collect"
    done = {entry.body["stage"] for entry in state.of_kind(entries, "stage", current)}
    return next((name for name in pipeline.NAMES if name not in done), "snapshot")
