"""Rounds until a stop rule fires, as one Prefect flow."""

from contextvars import ContextVar
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import steps
from flows.loop import advance
from flows.round import Watch

watching: ContextVar[Watch | None] = ContextVar("watching", default=None)
"""Who in this process is told of every action that begins and ends."""


@flow(name="campaign", validate_parameters=False)
def campaign(
    directory: str, rounds: int | None = None, wait: bool = False, opens: bool = True
) -> State[None]:
    """Advance a campaign as far as possible.

    Returns
    -------
    State
        Completed, named AwaitingLabels if people are still labeling: no process waits for them.
    """
    call = steps.as_tasks(watching.get())
    done = advance(call, Path(directory), rounds, wait=wait, opens=opens)
    if done["state"] == "awaiting_labels":
        return Completed(name="AwaitingLabels", message=f"round {done['round']}")
    return Completed(message=f"round {done.get('round')}")
