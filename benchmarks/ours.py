"""A round of labelloop's real flow, and where its time goes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from clock import LEARNING, Clock

from tasks import actions, score, train, validate
from tasks import campaign as at
from tasks.audit import tracking
from tasks.create import Request, create
from tasks.domain import state
from tasks.ledger.local import LocalLedger
from tasks.modeling import trainer
from tasks.reporting import page
from tasks.trust import git as runner
from tasks.versions import data, git
from tasks.versions.store import Store

PARTS = (
    (LEARNING, train, ("run",)),
    (LEARNING, score, ("run",)),
    (LEARNING, trainer, ("train",)),
    ("DVC", data, ("commit", "push", "has_remote")),
    ("DVC", Store, ("fetch", "cached")),
    ("Great Expectations", validate, ("run",)),
    ("MLflow", tracking, ("log_round",)),
    ("git", runner, ("call", "says_yes")),
    ("ledger", LocalLedger, ("entries", "append", "record")),
    ("report", page, ("write",)),
)
"""Whose time each function is; what calls another of them does not count that one's."""
ACTIONS = ("begin", "stage", "deliver", "look", "settle", "close", "catch_up", "publish")
ELSEWHERE = ("logged", "pushed")
"""What the ledger says of a round once MLflow and the remote have it."""


def make(directory: Path, remote: Path) -> None:
    """Make the digits campaign, with no end but that of its pool."""
    create(Request(directory=directory, example="digits", remote=str(remote)))
    path = directory / at.PARAMS
    params = yaml.safe_load(path.read_text())
    params["campaign"]["budget"] = None
    params["stop"] = {"pool_exhausted": {}}
    path.write_text(yaml.safe_dump(params, sort_keys=False))
    git.commit(directory, "Measure", [at.PARAMS])


@contextmanager
def measured(clock: Clock) -> Iterator[None]:
    """Book labelloop's work on its components."""
    with ExitStack() as stack:
        stack.enter_context(clock.around("own", actions, *ACTIONS))
        for component, owner, names in PARTS:
            stack.enter_context(clock.around(component, owner, *names))
        yield


def close_round(directory: Path) -> dict[str, float]:
    """Run the flow until one more round is closed and reported.

    Returns
    -------
    dict
        Seconds by component; together they are the flow's wall time.

    Raises
    ------
    RuntimeError
        MLflow or the remote were not told, so that the round was too cheap.
    """
    from flows.campaign import campaign

    clock = Clock()
    with measured(clock), clock.on("Prefect"):
        campaign(str(directory), wait=True)
        flush()
    _refuse_unfinished(directory)
    return dict(clock.seconds)


def flush() -> None:
    """Give Prefect's server what its client still holds, as `labelloop run` does."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all()


def _refuse_unfinished(directory: Path) -> None:
    entries = LocalLedger(directory / at.LEDGER).entries()
    number = state.closed_rounds(entries)[-1]
    for kind in ELSEWHERE:
        if state.last(entries, kind, number) is None:
            raise RuntimeError(f"round {number} was not {kind}")
