"""Whether MLflow has every closed round, and says of it what the ledger says."""

import hashlib
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import campaign as at
from tasks.audit import mlflow_client, tracked, tracking
from tasks.audit.findings import Findings
from tasks.audit.mlflow_client import TrackingError
from tasks.audit.rounds import Rounds
from tasks.domain import state
from tasks.params import Params

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def check(rounds: Rounds, params: Params, findings: Findings) -> None:
    """Compare the runs of all rounds that the ledger says were logged."""
    logged = {entry.round for entry in state.of_kind(rounds.entries, "logged")}
    for number in sorted(set(rounds.closed) - logged):
        findings.skip(f"round {number} is not yet in MLflow: the next run tells it")
    marked = {entry.round for entry in state.of_kind(rounds.entries, "marked")}
    for number in sorted(rounds.undone.keys() - marked):
        what = "MLflow does not yet know that it was undone: the next run tells it"
        findings.skip(f"round {number}: {what}")
    if not logged:
        return
    address = mlflow_client.address(rounds.campaign.root, params.tracking.uri)
    if address.startswith("sqlite:///") and not Path(address.removeprefix("sqlite:///")).exists():
        findings.skip(f"MLflow: its database {params.tracking.uri} is not here")
        return
    try:
        with mlflow_client.client(rounds.campaign.root, params.tracking.uri) as client:
            _check_runs(client, rounds, params, sorted(logged), findings)
    except TrackingError as error:
        findings.skip(str(error))


def _check_runs(
    client: "MlflowClient",
    rounds: Rounds,
    params: Params,
    logged: list[int],
    findings: Findings,
) -> None:
    experiment = client.get_experiment_by_name(params.tracking.experiment)
    runs = {} if experiment is None else _runs(client, experiment.experiment_id, rounds)
    for number in logged:
        name = tracked.key(params.campaign.name, number)
        where = f"MLflow run of round {number}"
        with findings.guarded("mlflow", where):
            _check_copies(runs.get(name, []), where, findings)
            for run in runs.get(name, []):
                if tracking.is_complete(run):
                    _check_run(client, rounds, run, params.campaign.name, number, findings)


def _check_copies(runs: "list[Run]", where: str, findings: Findings) -> None:
    """Miss a run; say of copies, which a machine that died can leave, that they do no harm."""
    whole = sum(map(tracking.is_complete, runs))
    said = "the ledger says that it was logged"
    if not whole:
        what = "was cut short" if runs else "is missing"
        findings.problem("mlflow", where, f"{what}; {said}")
    elif len(runs) > 1:
        findings.skip(f"{where} is there {len(runs)} times; those that are whole were compared")


def _runs(client: "MlflowClient", experiment: str, rounds: Rounds) -> "dict[str, list[Run]]":
    wanted = f"tags.`labelloop.ledger` = '{rounds.entries[0].digest}'"
    runs: dict[str, list[Run]] = {}
    token = None
    while True:
        page = client.search_runs([experiment], wanted, page_token=token)
        for run in page:
            runs.setdefault(run.data.tags.get("labelloop.key", ""), []).append(run)
        if not (token := page.token):
            return runs


def _check_run(
    client: "MlflowClient",
    rounds: Rounds,
    run: "Run",
    campaign: str,
    number: int,
    findings: Findings,
) -> None:
    where = f"MLflow run of round {number}"
    for name, value in _tags(rounds, campaign, number).items():
        if run.data.tags.get(name) != value:
            findings.problem("mlflow", where, f"has another {name} than the ledger")
    for name, number_ in tracked.metrics(rounds, number).items():
        if not math.isclose(run.data.metrics.get(name, math.nan), number_, rel_tol=1e-12):
            findings.problem("mlflow", where, f"has another {name} than the round's metrics")
    files = rounds.files(number)
    inputs = run.inputs.dataset_inputs if run.inputs else []
    found = {one.dataset.name: one.dataset.digest for one in inputs}
    for path in tracked.DATASETS:
        if found.get(path) != files[path].md5:
            findings.problem("mlflow", where, f"names another {path} than the ledger")
    _check_decisions(client, rounds, run, number, findings)


def _tags(rounds: Rounds, campaign: str, number: int) -> dict[str, str]:
    tags = tracked.tags(rounds, campaign, number)
    if state.last(rounds.entries, "marked", number):
        tags[tracked.UNDONE] = str(rounds.undone[number]["reason"])
    return tags


def _check_decisions(
    client: "MlflowClient", rounds: Rounds, run: "Run", number: int, findings: Findings
) -> None:
    name = Path(at.DECISIONS).name
    with tempfile.TemporaryDirectory() as folder:
        path = Path(client.download_artifacts(run.info.run_id, name, folder))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != rounds.files(number)[at.DECISIONS].sha256:
        where = f"MLflow run of round {number}"
        findings.problem("mlflow", where, "has other query decisions than the ledger")
