"""MLflow: every closed round as a run, with its model in the registry.

What MLflow holds is for people to look at and can be made again at any time; so a server that is
down stops nothing.
"""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from tasks import campaign as at
from tasks.audit import tracked
from tasks.audit.mlflow_client import ContendedError, client, prepare
from tasks.audit.rounds import Rounds, Store
from tasks.audit.tracked import Tracked
from tasks.campaign import Campaign
from tasks.domain import crash
from tasks.domain.ports import Ledger
from tasks.params import Params

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

BEGUN = "labelloop.begun"
"""The tag that says when a run was begun, in UTC."""
COMPLETE = "labelloop.complete"
"""The tag that is written last: a run without it was cut short."""

MOST = 100
"""Parameters that MLflow takes in one call."""


def log_round(
    campaign: Campaign, params: Params, ledger: Ledger, store: Store, number: int
) -> None:
    """Tell MLflow of a closed round; doing it twice, or on two machines at once, is doing it once.

    MLflow cannot be asked to make a run *if it is not there yet*. So whoever has told the whole
    round takes away all runs of it that were begun before. A run gives way only to a whole one that
    was begun after it: so the last whole one stays, whatever the others see and do meanwhile.

    Raises
    ------
    TrackingError
        MLflow cannot be reached or refuses.
    CampaignError, DataError
        A file of the round is nowhere, or is not what the ledger knows.
    """
    rounds = Rounds(campaign, ledger.entries(), store)
    one = tracked.gather(rounds, params.campaign.name, number)
    for attempt in Retrying(
        retry=retry_if_exception_type(ContendedError),
        stop=stop_after_attempt(5),
        wait=wait_random(0.0, 0.5),
        reraise=True,
    ):
        with attempt:
            prepare(campaign.root, params.tracking.uri)
            with client(campaign.root, params.tracking.uri, ContendedError) as mlflow:
                _log_once(mlflow, campaign, params, rounds, one)


def find(client: "MlflowClient", experiment: str, tags: Any, *, gone: bool = False) -> "list[Run]":
    """Find the runs of one round of one campaign; `gone` ones too if that is asked."""
    from mlflow.entities import ViewType

    wanted = " and ".join(
        f"tags.`{name}` = '{tags[name]}'" for name in ("labelloop.key", "labelloop.ledger")
    )
    view = ViewType.ALL if gone else ViewType.ACTIVE_ONLY
    return list(client.search_runs([experiment], wanted, view))


def is_complete(run: "Run") -> bool:
    """Whether the whole round is in a run."""
    return bool(run.data.tags.get(COMPLETE) == "true")


def _log_once(
    client: "MlflowClient", campaign: Campaign, params: Params, rounds: Rounds, one: Tracked
) -> None:
    experiment = _experiment(client, campaign, params)
    if not any(is_complete(run) for run in find(client, experiment, one.tags)):
        _log(client, experiment, rounds, one)
    _keep_one(client, experiment, one, tracked.champion(rounds, one.number))


def _keep_one(client: "MlflowClient", experiment: str, one: Tracked, best: int | None) -> None:
    """Keep the whole run that was begun last, and take away those before it."""
    from tasks.audit import registered

    runs = sorted(find(client, experiment, one.tags, gone=True), key=_begun)
    whole = [index for index, run in enumerate(runs) if is_complete(run) and _is_there(run)]
    if not whole:
        raise ContendedError("MLflow: the run was taken away", where=one.name)
    last = whole[-1]
    # What was taken away already may have got a model since.
    for run in runs[:last]:
        _discard(client, run.info.run_id, one.campaign)
    registered.name(client, one, runs[last])
    registered.crown(client, one, best)


def _begun(run: "Run") -> tuple[str, str]:
    return run.data.tags.get(BEGUN, ""), run.info.run_id


def _is_there(run: "Run") -> bool:
    return bool(run.info.lifecycle_stage == "active")


def _experiment(client: "MlflowClient", campaign: Campaign, params: Params) -> str:
    name, uri = params.tracking.experiment, params.tracking.uri
    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    # A server knows where its artifacts go; a bare database does not.
    place = None if uri.startswith("http") else (campaign.root / "mlruns").as_uri()
    return str(client.create_experiment(name, artifact_location=place))


def _log(client: "MlflowClient", experiment: str, rounds: Rounds, one: Tracked) -> None:
    from mlflow.exceptions import MlflowException

    begun = datetime.now(UTC).isoformat(timespec="microseconds")
    run = client.create_run(experiment, one.start, {**one.tags, BEGUN: begun}, one.name)
    crash.point(f"mlflow:{one.name}:begun")
    try:
        _fill(client, run, rounds, one)
    except MlflowException:
        _discard(client, run.info.run_id, one.campaign)
        raise


def _fill(client: "MlflowClient", run: "Run", rounds: Rounds, one: Tracked) -> None:
    from tasks.audit import registered

    _numbers(client, run.info.run_id, one)
    _datasets(client, run.info.run_id, one)
    _decisions(client, run.info.run_id, rounds.content(one.number, at.DECISIONS))
    if model := tracked.model(rounds, one.number):
        registered.register(client, run, one, model)
        crash.point(f"mlflow:{one.name}:registered")
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


def _discard(client: "MlflowClient", run_id: str, name: str) -> None:
    wanted = f"name = '{name}' and run_id = '{run_id}'"
    for version in client.search_model_versions(wanted):
        client.delete_model_version(name, version.version)
    run = client.get_run(run_id)
    if _is_there(run):
        for model in run.outputs.model_outputs if run.outputs else ():
            client.delete_logged_model(model.model_id)
        client.delete_run(run_id)
