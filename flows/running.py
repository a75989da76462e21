"""Run a campaign from the command line, with Prefect's record or without."""

from pathlib import Path

from flows.calls import plainly
from flows.display import Display
from flows.loop import advance
from flows.server import prefect_api
from tasks.domain import state
from tasks.work import look_at, refuse_uncommitted


def run(
    directory: Path, display: Display, *, rounds: int | None, wait: bool, prefect: bool
) -> None:
    """Advance a campaign as far as possible, and show how it goes on."""
    directory = directory.resolve()
    work = look_at(directory)
    refuse_uncommitted(work.campaign)
    is_over = state.stop(work.ledger.entries()) is not None
    with display.running() as watch:
        if not prefect or is_over:
            advance(plainly(watch), directory, rounds, wait=wait, watch=watch)
            return
        display.say("starting the Prefect server")
        with prefect_api(work.campaign.private / "prefect"):
            _recorded(directory, rounds, wait, display)


def _recorded(directory: Path, rounds: int | None, wait: bool, display: Display) -> None:
    from flows.campaign import campaign, watching

    token = watching.set(display.told)
    try:
        campaign(str(directory), rounds=rounds, wait=wait)
    finally:
        watching.reset(token)
        _flush()


def _flush() -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all()
