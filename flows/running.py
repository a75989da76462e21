"""Run a campaign from the command line, with Prefect's record or without."""

from pathlib import Path

from flows.calls import plainly
from flows.display import Display
from flows.loop import advance
from flows.server import prefect_api
from tasks.domain import state
from tasks.reopening import reconsider
from tasks.work import look_at, refuse_uncommitted


def run(
    directory: Path, display: Display, *, rounds: int | None, wait: bool, prefect: bool
) -> None:
    """Advance a campaign as far as possible, and show how it goes on."""
    directory = directory.resolve()
    work = look_at(directory)
    refuse_uncommitted(work.campaign)
    found = reconsider(work)
    is_over = found is not None and not found.goes_on
    with display.running() as watch:
        if not prefect or is_over:
            advance(plainly(watch), directory, rounds, wait=wait)
            return
        display.say("starting the Prefect server")
        with prefect_api(work.campaign.private / "prefect"):
            _recorded(directory, rounds, wait, display)


def _recorded(directory: Path, rounds: int | None, wait: bool, display: Display) -> None:
    """Have a flow run for each round."""
    from flows.campaign import campaign, watching

    first = _current(directory)
    token = watching.set(display.told)
    try:
        while True:
            before = _current(directory)
            campaign(str(directory), wait=wait)
            now = _current(directory)
            if now in (None, before) or (rounds and first is not None and now >= first + rounds):
                return
    finally:
        watching.reset(token)
        _flush()


def _current(directory: Path) -> int | None:
    """Give the round that is open or comes next; None if none comes."""
    entries = look_at(directory).ledger.entries()
    return None if state.stop(entries) is not None else state.current_round(entries)


def _flush() -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all()
