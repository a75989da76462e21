"""What Prefect is told of a campaign: each round's progress, and events for automations."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.round import Facts, Watch
from tasks.work import look_at

log = logging.getLogger(__name__)


def telling(directory: Path, also: Watch | None = None) -> Watch:
    """Tell Prefect, and `also` as well, of what was done.

    Nothing that goes wrong here harms the action that it tells of.
    """

    def told(step: str, facts: Facts) -> None:
        if also:
            also(step, facts)
        if facts["state"] == "done" and step in TOLD:
            try:
                TOLD[step](look_at(directory).params.campaign.name, facts)
            except Exception as error:  # noqa: BLE001 - telling is not worth a round
                log.warning("Prefect was not told of %s: %s", step, type(error).__name__)

    return told


def key(campaign: str, round_number: int) -> str:
    """Name a round's progress artifact: lower-case letters, digits and dashes."""
    plain = re.sub("[^a-z0-9]+", "-", campaign.lower()).strip("-")
    return f"labelloop-{plain}-round-{round_number:04d}"


def _looked(campaign: str, facts: Facts) -> None:
    number = facts["round_number"]
    if facts.get("expected"):
        before = _progress(key(campaign, number), facts)
        percent = _percent(facts)
        if before is None and not facts["done"]:
            _emit("labels.awaited", campaign, facts)
        elif percent > (before or 0.0):
            _emit("labels.arrived", campaign, facts)
    if facts.get("reminder"):
        _emit("labels.late", campaign, facts)


def _progress(name: str, facts: Facts) -> float | None:
    """Write a round's progress; gives what it was before, in percent."""
    from prefect.artifacts import Artifact, create_progress_artifact, update_progress_artifact

    gone = f", {facts['gone']} will not come" if facts.get("gone") else ""
    words = f"{facts['answered']} of {facts['expected']} answers are in{gone}"
    found: Any = Artifact.get(name, _sync=True)  # type: ignore[call-arg]
    if found is None:
        create_progress_artifact(_percent(facts), key=name, description=words, _sync=True)  # type: ignore[call-arg]
        return None
    update_progress_artifact(found.id, _percent(facts), description=words, _sync=True)  # type: ignore[call-arg]
    return float(found.data)


def _percent(facts: Facts) -> float:
    share: float = facts["answered"] / facts["expected"]
    return round(100 * min(1.0, share), 2)


def _closed(campaign: str, facts: Facts) -> None:
    # Without a tag, another run has closed it and told of it.
    if "tag" in facts:
        _emit("round.closed", campaign, facts)
        if facts["stop"]:
            _emit("campaign.stopped", campaign, facts)


def _reopened(campaign: str, facts: Facts) -> None:
    if facts["goes_on"] and facts["changes"]:
        _emit("campaign.reopened", campaign, facts)


def _emit(event: str, campaign: str, facts: Facts) -> None:
    from prefect.events import emit_event

    chosen = ("round_number", "answered", "expected", "gone", "tag", "stop", "changes", "error")
    emit_event(
        f"labelloop.{event}",
        resource={
            "prefect.resource.id": f"labelloop.campaign.{campaign}",
            "prefect.resource.name": campaign,
        },
        payload={name: facts[name] for name in chosen if name in facts},
    )


def _away(campaign: str, facts: Facts) -> None:
    _emit("vendor.away", campaign, facts)


def _back(campaign: str, facts: Facts) -> None:
    _emit("vendor.back", campaign, facts)


TOLD: dict[str, Callable[[str, Facts], None]] = {
    "look": _looked,
    "close": _closed,
    "reopen": _reopened,
    "away": _away,
    "back": _back,
}
