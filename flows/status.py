"""Where a campaign stands, for people and for programs."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks import campaign as at
from tasks import pipeline
from tasks.domain import state, strict_json
from tasks.domain.digests import Digest
from tasks.domain.errors import DataError
from tasks.versions.store import Store
from tasks.work import Work, look_at

SHOWN = 100
"""Records that were set aside that are listed."""


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
        Of the last closed round: ``{name: {value, low, high}}``. Beside those of the model,
        ``baseline/`` and a name is what always answering the largest class has,
        ``above_baseline/`` how much more the model has, ``label_error`` the share of the holdout's
        own labels that are wrong, and ``ceiling/`` what a model without a mistake would show.
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
        are set aside (`set_aside`), why the last of them is (`reason`), and the first of them
        (`records`: item_id, place, reason, fix); `deleted` is what a vendor said that does not
        have a batch any more that is waited for, or null.
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
    # They read tables, which a campaign that waits for nobody need not.
    from tasks.audit.rounds import records
    from tasks.delivery import keys, legs
    from tasks.delivery.aside import set_aside

    entries = work.ledger.entries()
    current = state.current_round(entries)
    leg = legs.current(entries, current)
    batch = keys.batch_name(work.params.campaign.name, current, leg)
    # Batches of earlier rounds are looked at as well.
    looks = [
        look.body["progress"]
        for look in state.of_kind(entries, "looked", current)
        if look.body["progress"] and look.body["batch"] == batch
    ]
    intended = {
        one.body["batch"]: one.body for one in state.of_kind(entries, "batch_intended", current)
    }
    asked = intended.get(batch, {"vendor": work.params.vendor.name, "answers": 0})
    unseen = {"expected": asked["answers"], "answered": 0, "gone": 0}
    progress = looks[-1] if looks else unseen
    aside = set_aside(work.campaign, work.params, entries)
    return {
        "vendor": asked["vendor"],
        "deleted": _deleted(entries),
        **{name: progress[name] for name in ("expected", "answered", "gone")},
        "set_aside": len(aside),
        "reason": str(aside["reason"].iloc[-1]) if len(aside) else None,
        "records": records(aside[["item_id", "place", "reason", "fix"]].head(SHOWN)),
    }


def _deleted(entries: state.Entries) -> str | None:
    from tasks.delivery import legs, lost

    said = (lost.missing(entries, sent.batch) for sent in legs.watched(entries))
    return next((one for one in said if one), None)


def rounds(work: Work) -> list[dict[str, Any]]:
    """Read the history of the closed rounds that stand, oldest first."""
    entries = work.ledger.entries()
    standing = state.standing_rounds(entries)
    sealed = state.last(entries, "snapshot", standing[-1]) if standing else None
    if sealed is None:
        return []
    # What is here may be of a round that another machine closed, that is open, or was undone.
    digest = Digest.of_body(sealed.body["files"].get(at.HISTORY), where=at.HISTORY)
    history = _history(Store(work.campaign.root).read(at.HISTORY, digest))
    return history[: len(standing)]


def _history(content: bytes) -> list[dict[str, Any]]:
    """Understand a history; raises a `DataError` if there is nothing to tell of it."""
    try:
        history: list[dict[str, Any]] = strict_json.parse(content)
        labels, metrics = zip(*((one["labels"], one["metrics"]) for one in history), strict=True)
        sound = {*map(type, labels)} == {int} and {*map(type, metrics)} == {dict}
    except (ValueError, TypeError, LookupError, RecursionError):
        sound = False
    if not sound:
        what = "does not say how many labels and which metrics each round had"
        raise DataError(what, where=at.HISTORY, fix="run `labelloop audit`")
    return history


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
