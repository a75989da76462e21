"""Hints: however many there are, one look is at work and one is pending."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from uuid import uuid4

Look = Callable[[Event], None]
"""Looks once and returns when that is over, or soon after the event (a stop) was set."""

SETTLE_SECONDS = 5.0
POLL_SECONDS = 1.0
END_SECONDS = 10.0
log = logging.getLogger(__name__)


@contextmanager
def looking(look: Look, settle: float = SETTLE_SECONDS) -> Iterator[Callable[[], None]]:
    """Look whenever it is asked for inside the block; gives the function to ask with.

    Parameters
    ----------
    look : Look
    settle : float
        Seconds from the first hint to its look: those that come meanwhile are answered by it.
    """
    wanted, stopping = Event(), Event()
    thread = Thread(target=_work, args=(look, settle, wanted, stopping), daemon=True, name="hints")
    thread.start()
    try:
        yield wanted.set
    finally:
        stopping.set()
        wanted.set()
        thread.join(END_SECONDS)


def _work(look: Look, settle: float, wanted: Event, stopping: Event) -> None:
    while wanted.wait() and not stopping.wait(settle):
        # Before the look and not after it: what comes while it goes on wants another one.
        wanted.clear()
        try:
            look(stopping)
        except Exception as error:  # noqa: BLE001 - the schedule looks anyway
            log.warning("a webhook led to no look: %s", type(error).__name__)


def through_prefect(deployment: str) -> Look:
    """Look by running a deployment, named as ``flow/deployment``, and waiting for its end."""

    def look(stopping: Event) -> None:
        from prefect import get_client
        from prefect.deployments import run_deployment

        # The key is for Prefect's own client, which sends again what it got no reply to.
        key = f"hint-{uuid4()}"
        run = run_deployment(deployment, timeout=0, as_subflow=False, idempotency_key=key)
        with get_client(sync_client=True) as client:
            while not stopping.wait(POLL_SECONDS):
                state = client.read_flow_run(run.id).state  # type: ignore[union-attr]
                if state is not None and state.is_final():
                    return

    return look
