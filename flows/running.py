"""Run a campaign from the command line, with Prefect's record or without."""

from pathlib import Path

from flows import home
from flows.calls import plainly
from flows.display import Display
from flows.loop import advance
from flows.server import prefect_api
from tasks.domain import state
from tasks.needs import refuse_untrusted
from tasks.reopening import reconsider
from tasks.work import look_at, refuse_uncommitted


def run(
    directory: Path, display: Display, *, rounds: int | None, wait: bool, prefect: bool
) -> None:
    """Advance a campaign as far as possible, and show how it goes on."""
    directory = directory.resolve()
    work = look_at(directory)
    refuse_uncommitted(work.campaign)
    refuse_untrusted(work.campaign.root, work.params)
    found = reconsider(work)
    is_over = found is not None and not found.goes_on
    with display.running() as watch:
        if not prefect or is_over:
            advance(plainly(watch), directory, rounds, wait=wait, watch=watch)
            return
        display.say("starting the Prefect server")
        with prefect_api(home.of(directory)):
            _recorded(directory, rounds, wait, display)


def _recorded(directory: Path, rounds: int | None, wait: bool, display: Display) -> None:
    """Have a flow run for each round."""
    from flows.campaign import campaign, watching

    now, _ = _stands(directory)
    last = None if rounds is None else now + rounds
    token = watching.set(display.told)
    try:
        while True:
            before = now
            campaign(str(directory), wait=wait)
            now, is_stopped = _stands(directory)
            if is_stopped or now in (before, last):
                return
    finally:
        watching.reset(token)
        _flush()


def _stands(directory: Path) -> tuple[int, bool]:
    """Give the round that is open or comes next, and whether the campaign is stopped."""
    entries = look_at(directory).ledger.entries()
    return state.current_round(entries), state.stop(entries) is not None


def _flush() -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all()
