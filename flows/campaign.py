"""Rounds until a stop rule fires, as one Prefect flow."""

from contextvars import ContextVar
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import progress, secrets, steps, tether
from flows.loop import advance
from flows.round import Facts, Watch
from flows.turns import Busy, turn
from tasks.campaign import find

watching: ContextVar[Watch | None] = ContextVar("watching", default=None)
"""Who in this process is told of every action that begins and ends."""


@flow(name="campaign", validate_parameters=False)
def campaign(
    directory: str,
    rounds: int | None = None,
    wait: bool = False,
    opens: bool = True,
    busy: Busy = "join",
) -> State[None]:
    """Advance a campaign as far as possible.

    Returns
    -------
    State
        Completed; named AwaitingLabels if people are still labeling, since no process waits for
        them, and Busy if another scheduled run is at the campaign and `busy` says to leave.
    """
    tether.follow()
    secrets.offer_blocks()
    with turn(find(Path(directory)).private / "turn.lock", busy) as goes_on:
        if not goes_on:
            return Completed(name="Busy", message="another run is at the campaign")
        return _ended(_advance(Path(directory), rounds, wait, opens))


def _advance(directory: Path, rounds: int | None, wait: bool, opens: bool) -> Facts:
    call = steps.as_tasks(progress.telling(directory, watching.get()))
    return advance(call, directory, rounds, wait=wait, opens=opens)


def _ended(done: Facts) -> State[None]:
    if done["state"] == "awaiting_labels":
        return Completed(name="AwaitingLabels", message=f"round {done['round']}")
    return Completed(message=f"round {done.get('round')}")
