"""Rounds until a stop rule fires, as one Prefect flow."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import outages, progress, secrets, steps
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
        them, Busy if another scheduled run is at the campaign and `busy` says to leave, and
        VendorAway if the vendor of a scheduled run cannot be reached.
    """
    secrets.offer_blocks()
    with turn(find(Path(directory)).private / "turn.lock", busy) as goes_on:
        if not goes_on:
            return Completed(name="Busy", message="another run is at the campaign")
        tell = progress.telling(Path(directory), watching.get())
        do = partial(_advance, Path(directory), rounds, wait, opens, tell)
        return _ended(do()) if busy == "join" else _scheduled(do, Path(directory), tell)


def _advance(directory: Path, rounds: int | None, wait: bool, opens: bool, tell: Watch) -> Facts:
    call = steps.as_tasks(tell)
    return advance(call, directory, rounds, wait=wait, opens=opens, watch=tell)


def _scheduled(do: Callable[[], Facts], directory: Path, tell: Watch) -> State[None]:
    """Advance by schedule: a vendor that is away is no failure, since the next look asks again.

    That it is away is told by the first look which finds that, and that it is back by the first
    which is answered.
    """
    noted = outages.Noted(find(directory).private / "outage")
    try:
        done = do()
    except outages.PASSING as error:
        if outages.is_overdue(directory, datetime.now(UTC)):
            raise
        said = outages.line(error)
        if noted.begin(error):
            get_run_logger().warning(f"the vendor is away ({said}); looks go on until it is back")
            tell("away", {"state": "done", "error": said})
        return Completed(name="VendorAway", message=said)
    if noted.end():
        get_run_logger().info("the vendor is back")
        tell("back", {"state": "done"})
    return _ended(done)


def _ended(done: Facts) -> State[None]:
    if done["state"] == "awaiting_labels":
        return Completed(name="AwaitingLabels", message=f"round {done['round']}")
    return Completed(message=f"round {done.get('round')}")
