"""One round, or one look at it, as a Prefect flow run that is named after it."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prefect import flow, get_client, get_run_logger, runtime
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import outages, progress, secrets, steps, tether
from flows.loop import advance
from flows.round import Facts, Watch
from flows.turns import Busy, turn
from tasks.campaign import find
from tasks.domain import state
from tasks.domain.errors import LabelloopError
from tasks.work import look_at

watching: ContextVar[Watch | None] = ContextVar("watching", default=None)
"""Who in this process is told of every action that begins and ends."""


def name(directory: Path) -> str:
    """Name a run: the campaign, and the round that is open or comes next."""
    work = look_at(directory)
    entries = work.ledger.entries()
    campaign = work.params.campaign.name
    if state.stop(entries) is not None:
        return f"{campaign}, stopped"
    return f"{campaign} round {state.current_round(entries)}"


def _name_of_run() -> str:
    try:
        return name(Path(runtime.flow_run.parameters["directory"]))
    except LabelloopError:
        # The run itself says what is wrong with the directory.
        return "campaign"


@flow(name="campaign", flow_run_name=_name_of_run, validate_parameters=False)
def campaign(
    directory: str, wait: bool = False, opens: bool = True, busy: Busy = "join"
) -> State[None]:
    """Carry the open round on, or open the next, and go no further than its end.

    Returns
    -------
    State
        Completed; named AwaitingLabels if people are still labeling, since no process waits for
        them, Busy if another scheduled run is at the campaign and `busy` says to leave, and
        VendorAway if the vendor of a scheduled run cannot be reached.
    """
    tether.follow()
    secrets.offer_blocks()
    root = Path(directory)
    with turn(find(root).private / "turn.lock", busy) as goes_on:
        if not goes_on:
            return Completed(name="Busy", message="another run is at the campaign")
        if busy == "wait":
            # Meanwhile the round that it was named after may have been closed.
            with get_client(sync_client=True) as client:
                client.update_flow_run(runtime.flow_run.id, name=name(root))
        tell = progress.telling(root, watching.get())
        do = partial(_advance, root, wait, opens, tell)
        return _ended(do()) if busy == "join" else _scheduled(do, root, tell)


def _advance(directory: Path, wait: bool, opens: bool, tell: Watch) -> Facts:
    call = steps.as_tasks(tell)
    return advance(call, directory, 1, wait=wait, opens=opens, watch=tell)


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
