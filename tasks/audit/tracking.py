"""MLflow: every closed round as a run, with its model in the registry.

What MLflow holds is for people to look at and can be made again at any time; so a server that is
down stops nothing. It is spoken to through its client alone, which prints nothing.
"""

import json
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import campaign as at
from tasks.audit import tracked
from tasks.audit.rounds import Rounds, Store
from tasks.audit.tracked import Tracked
from tasks.campaign import Campaign
from tasks.domain import crash
from tasks.domain.errors import LabelloopError
from tasks.domain.ports import Ledger
from tasks.params import Params

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

COMPLETE = "labelloop.complete"
"""The tag that is written last: a run without it was cut short."""

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
MOST = 100
"""Parameters that MLflow takes in one call."""
LONGEST = 160
"""Characters of its own words that are passed on."""
LOGGERS = ("mlflow", "alembic", "git")


class TrackingError(LabelloopError):
    """MLflow cannot be reached, or refuses what it is told."""


def log_round(
    campaign: Campaign, params: Params, ledger: Ledger, store: Store, number: int
) -> None:
    """Tell MLflow of a closed round; doing it twice is doing it once.

    A run that an earlier call left unfinished is thrown away and made anew.

    Raises
    ------
    TrackingError
        MLflow cannot be reached or refuses.
    CampaignError, DataError
        A file of the round is nowhere, or is not what the ledger knows.
    """
    rounds = Rounds(campaign, ledger.entries(), store)
    one = tracked.gather(rounds, params.campaign.name, number)
    with client(campaign.root, params.tracking.uri) as mlflow:
        experiment = _experiment(mlflow, campaign, params)
        earlier = find(mlflow, experiment, one.tags)
        if any(is_complete(run) for run in earlier):
            return
        for run in earlier:
            _discard(mlflow, run, one.campaign)
        _log(mlflow, experiment, rounds, one)


def prepare(root: Path, uri: str) -> None:
    """Make a campaign's database if it is to be one, so that the first round need not.

    Raises
    ------
    TrackingError
        It cannot be made.
    """
    with client(root, uri) as mlflow:
        mlflow.get_experiment_by_name("Default")


@contextmanager
def client(root: Path, uri: str) -> "Iterator[MlflowClient]":
    """Open a server or database; whatever goes wrong in it is a `TrackingError`."""
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
        raise TrackingError(f"MLflow: {first[:LONGEST]}", where=uri) from error


def address(root: Path, uri: str) -> str:
    """Make the address of an SQLite file absolute: relative ones begin at the campaign."""
    path = uri.removeprefix("sqlite:///")
    return uri if path in (uri, "") else f"sqlite:///{root.resolve() / path}"


def find(client: "MlflowClient", experiment: str, tags: Any) -> "list[Run]":
    """Find the runs of one round of one campaign: there is one, or there is none."""
    wanted = " and ".join(
        f"tags.`{name}` = '{tags[name]}'" for name in ("labelloop.key", "labelloop.ledger")
    )
    return list(client.search_runs([experiment], wanted))


def is_complete(run: "Run") -> bool:
    """Whether the whole round is in a run."""
    return bool(run.data.tags.get(COMPLETE) == "true")


def _library() -> Any:
    for name, value in {**PATIENCE, **QUIET}.items():
        os.environ.setdefault(name, value)
    import mlflow

    for logger in LOGGERS:
        logging.getLogger(logger).setLevel(logging.ERROR)
    return mlflow


def _experiment(client: "MlflowClient", campaign: Campaign, params: Params) -> str:
    name, uri = params.tracking.experiment, params.tracking.uri
    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    # A server knows where its artifacts go; a bare database does not.
    place = None if uri.startswith("http") else (campaign.root / "mlruns").as_uri()
    return str(client.create_experiment(name, artifact_location=place))


def _log(client: "MlflowClient", experiment: str, rounds: Rounds, one: Tracked) -> None:
    from tasks.audit import registered

    run = client.create_run(experiment, one.start, dict(one.tags), one.name)
    crash.point(f"mlflow:{one.name}:begun")
    _numbers(client, run.info.run_id, one)
    _datasets(client, run.info.run_id, one)
    _decisions(client, run.info.run_id, rounds.content(one.number, at.DECISIONS))
    if model := tracked.model(rounds, one.number):
        registered.register(client, run, one, model)
        crash.point(f"mlflow:{one.name}:registered")
    registered.crown(client, one, tracked.champion(rounds, one.number))
    client.set_tag(run.info.run_id, COMPLETE, "true")
    client.set_terminated(run.info.run_id, "FINISHED", one.end)


def _numbers(client: "MlflowClient", run_id: str, one: Tracked) -> None:
    from mlflow.entities import Metric, Param

    params = [Param(name, value) for name, value in one.params.items()]
    metrics = [Metric(name, value, one.end, one.number) for name, value in one.metrics.items()]
    client.log_batch(run_id, metrics, params[:MOST])
    for start in range(MOST, len(params), MOST):
        client.log_batch(run_id, params=params[start : start + MOST])


def _datasets(client: "MlflowClient", run_id: str, one: Tracked) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = []
    for path, digest in one.datasets.items():
        source = {"path": path, "tag": one.tags["labelloop.tag"], **digest.to_body()}
        dataset = Dataset(path, digest.md5, "dvc", json.dumps(source))
        use = InputTag("mlflow.data.context", tracked.DATASETS[path])
        inputs.append(DatasetInput(dataset, [use]))
    client.log_inputs(run_id, inputs)


def _decisions(client: "MlflowClient", run_id: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, Path(at.DECISIONS).name)
        path.write_bytes(content)
        client.log_artifact(run_id, str(path))


def _discard(client: "MlflowClient", run: "Run", name: str) -> None:
    wanted = f"name = '{name}' and run_id = '{run.info.run_id}'"
    for version in client.search_model_versions(wanted):
        client.delete_model_version(name, version.version)
    for model in run.outputs.model_outputs if run.outputs else ():
        client.delete_logged_model(model.model_id)
    client.delete_run(run.info.run_id)
