"""A round of labelloop's real flow, and where its time goes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from clock import Clock

from tasks import actions, score, train, validate
from tasks.audit import tracking
from tasks.create import Request, create
from tasks.ledger.local import LocalLedger
from tasks.modeling import trainer
from tasks.reporting import page
from tasks.versions import data, git
from tasks.versions.store import Store

LEARNING = "training and scoring"
OWN = "own"
PARTS = (
    (LEARNING, train, ("run",)),
    (LEARNING, score, ("run",)),
    (LEARNING, trainer, ("train",)),
    ("DVC", data, ("commit", "push", "has_remote")),
    ("DVC", Store, ("fetch", "cached")),
    ("Great Expectations", validate, ("run", "build_docs")),
    ("MLflow", tracking, ("log_round",)),
    ("git", git, ("_call", "_has")),
    ("ledger", LocalLedger, ("entries", "append", "record")),
    ("report", page, ("write",)),
)
"""Whose time each function is; what calls another of them does not count that one's."""
ACTIONS = "begin stage deliver look settle close catch_up publish".split()


def make(directory: Path, remote: Path) -> None:
    """Make the digits campaign, with no end but that of its pool."""
    create(Request(directory=directory, example="digits", remote=str(remote)))
    path = directory / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["campaign"]["budget"] = None
    params["stop"] = {"pool_exhausted": {}}
    path.write_text(yaml.safe_dump(params, sort_keys=False))
    git.commit(directory, "Measure", ["params.yaml"])


@contextmanager
def measured(clock: Clock) -> Iterator[None]:
    """Book labelloop's work on its components."""
    with ExitStack() as stack:
        stack.enter_context(clock.around(OWN, actions, *ACTIONS))
        for component, owner, names in PARTS:
            stack.enter_context(clock.around(component, owner, *names))
        yield


def close_round(directory: Path) -> dict[str, float]:
    """Run the flow until one more round is closed and reported.

    Returns
    -------
    dict
        Seconds by component; together they are the flow's wall time.
    """
    from flows.campaign import campaign

    clock = Clock()
    with measured(clock), clock.on("Prefect"):
        campaign(str(directory), rounds=1, wait=True)
        flush()
    return dict(clock.seconds)


def flush() -> None:
    """Give Prefect's server what its client still holds, as `labelloop run` does."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all()
