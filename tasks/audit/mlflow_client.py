"""How MLflow is reached: through its client alone, which prints nothing, and not for long."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.domain import files
from tasks.domain.errors import LabelloopError

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
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
    if database := _database(root, uri):
        _make(database)
    with client(root, uri) as mlflow:
        mlflow.get_experiment_by_name("Default")


@contextmanager
def client(
    root: Path, uri: str, failure: type[TrackingError] = TrackingError
) -> "Iterator[MlflowClient]":
    """Open a server or database; whatever goes wrong in it is a `failure`."""
    mlflow = _library()
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        # The registry looks a model up through the global address, not through the client's.
        mlflow.set_tracking_uri(address(root, uri))
        yield mlflow.MlflowClient()
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise failure(f"MLflow: {first[:LONGEST]}", where=uri) from error


def address(root: Path, uri: str) -> str:
    """Make the address of an SQLite file absolute: relative ones begin at the campaign."""
    database = _database(root, uri)
    return f"sqlite:///{database}" if database else uri


def _database(root: Path, uri: str) -> Path | None:
    path = uri.removeprefix("sqlite:///")
    return None if path in (uri, "") else root.resolve() / path


def _make(database: Path) -> None:
    """Make an SQLite file that only this user may read, which MLflow would not."""
    try:
        files.touch(database, files.PRIVATE_FILE)
    except OSError as error:
        raise TrackingError(f"MLflow: {error.strerror}", where=str(database)) from error


def _library() -> Any:
    for name, value in {**PATIENCE, **QUIET}.items():
        os.environ.setdefault(name, value)
    import mlflow

    for logger in LOGGERS:
        logging.getLogger(logger).setLevel(logging.ERROR)
    return mlflow
