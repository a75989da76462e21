"""How MLflow is reached: through its client alone, which prints nothing, and not for long."""

import base64
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.audit import artifacts, mlflow_needs
from tasks.domain import files
from tasks.domain.blotting import blotted, remember
from tasks.domain.errors import LabelloopError

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    # Another address would get what was meant for the one that was confirmed.
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",
}
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
BASIC = ("USERNAME", "PASSWORD")
SENT = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD")
"""Variables of which MLflow's client sends the values along."""
LONGEST = 160
"""Characters of its own words that are passed on."""
LOGGERS = ("mlflow", "alembic", "git")


class TrackingError(LabelloopError):
    """MLflow cannot be reached, or refuses what it is told."""


class ContendedError(TrackingError):
    """MLflow answers, but refuses: as a rule since another machine was at the same things."""


def prepare(root: Path, uri: str) -> None:
    """See whether MLflow answers; make its database if it is one that is not there yet.

    Raises
    ------
    TrackingError
        It does not answer, or cannot be made.
    """
    mlflow_needs.require(root, uri)
    if database := mlflow_needs.database(root, uri):
        _make(database)
    with client(root, uri) as mlflow:
        mlflow.get_experiment_by_name("Default")


@contextmanager
def client(
    root: Path, uri: str, failure: type[TrackingError] = TrackingError
) -> "Iterator[MlflowClient]":
    """Open a server or database; whatever goes wrong in it is a `failure`.

    Raises
    ------
    UntrustedError
        The user has not confirmed it, or the place where it says that its files are.
    """
    mlflow_needs.require(root, uri)
    _remember_secrets()
    mlflow = _library()
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        # The registry looks a model up through the global address, not through the client's.
        mlflow.set_tracking_uri(mlflow_needs.address(root, uri))
        with artifacts.watched(partial(mlflow_needs.require_files, root, uri)):
            yield mlflow.MlflowClient()
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        first = (blotted(str(error)).splitlines() or [type(error).__name__])[0]
        raise failure(f"MLflow: {first[:LONGEST]}", where=uri) from error


def _make(database: Path) -> None:
    """Make an SQLite file that only this user may read, which MLflow would not."""
    try:
        files.touch(database, files.PRIVATE_FILE)
    except OSError as error:
        raise TrackingError(f"MLflow: {error.strerror}", where=str(database)) from error


def _remember_secrets() -> None:
    """Have blotted out what MLflow's client is about to send by itself."""
    for name in SENT:
        remember(os.environ.get(name, ""))
    user, password = (os.environ.get(f"MLFLOW_TRACKING_{name}", "") for name in BASIC)
    if password:
        remember(base64.b64encode(f"{user}:{password}".encode()).decode())


def _library() -> Any:
    for name, value in {**PATIENCE, **QUIET}.items():
        os.environ.setdefault(name, value)
    import mlflow

    for logger in LOGGERS:
        logging.getLogger(logger).setLevel(logging.ERROR)
    return mlflow
