"""Whether MLflow has every closed round and no other, and says of it what the ledger says."""

import hashlib
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import campaign as at
from tasks.audit import mlflow_client, mlflow_needs, tracked, tracking, verify_registry
from tasks.audit.findings import Findings
from tasks.audit.mlflow_client import TrackingError
from tasks.audit.rounds import Rounds
from tasks.domain import state
from tasks.domain.errors import ParamsError, UntrustedError
from tasks.params import Params

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def check(rounds: Rounds, params: Params, findings: Findings) -> None:
    """Compare MLflow's runs and registered models with the rounds that the ledger has."""
    for number in tracked.unmarked(rounds):
        what = "MLflow does not yet know that it was undone: the next run tells it"
        findings.skip(f"round {number}: {what}")
    if not rounds.entries:
        return
    try:
        address = mlflow_needs.address(rounds.campaign.root, params.tracking.uri)
    except ParamsError as error:
        findings.skip(f"MLflow: {error}")
        return
    is_file = address.startswith("sqlite:///")
    if is_file and not Path(address.removeprefix("sqlite:///")).exists():
        for number in sorted(set(rounds.closed) - _logged(rounds)):
            findings.skip(_untold(number))
        if _logged(rounds):
            findings.skip(f"MLflow: its database {params.tracking.uri} is not here")
        return
    try:
        with mlflow_client.client(rounds.campaign.root, params.tracking.uri) as client:
            _check_runs(client, rounds, params, findings, own_file=is_file)
    except (TrackingError, UntrustedError) as error:
        findings.skip(f"MLflow: {str(error).removeprefix('MLflow: ')}")


def _logged(rounds: Rounds) -> set[int]:
    return {entry.round for entry in state.of_kind(rounds.entries, "logged")}


def _untold(number: int) -> str:
    return f"round {number} is not yet in MLflow: the next run tells it"


def _check_runs(
    client: "MlflowClient", rounds: Rounds, params: Params, findings: Findings, *, own_file: bool
) -> None:
    """Compare runs by round; `own_file` says that this machine alone writes into MLflow's file."""
    campaign = params.campaign.name
    experiment = client.get_experiment_by_name(params.tracking.experiment)
    runs = {} if experiment is None else _runs(client, experiment.experiment_id, rounds)
    told = {n for n in rounds.closed if _whole(runs.get(tracked.key(campaign, n), []))}
    logged = _logged(rounds) | told
    if own_file and params.storage.ledger:
        logged = _told_here(rounds, campaign, runs, logged, findings)
    whole: dict[int, str] = {}
    for number in sorted(logged):
        name = tracked.key(campaign, number)
        where = f"MLflow run of round {number}"
        with findings.guarded("mlflow", where):
            _check_copies(runs.get(name, []), where, findings)
            for run in _whole(runs.get(name, [])):
                whole[number] = run.info.run_id
                _check_run(client, rounds, run, campaign, number, findings)
    _check_unknown(rounds, campaign, runs, findings)
    if whole:
        verify_registry.check(client, rounds, campaign, whole, findings)


def _whole(runs: "list[Run]") -> "list[Run]":
    return [run for run in runs if tracking.is_complete(run)]


def _told_here(
    rounds: Rounds,
    campaign: str,
    runs: "dict[str, list[Run]]",
    logged: set[int],
    findings: Findings,
) -> set[int]:
    """Leave out the rounds that another machine told to an MLflow of its own."""
    here = {number for number in logged if tracked.key(campaign, number) in runs}
    if others := sorted(logged - here):
        findings.skip(f"rounds {others} are in the MLflow of the machines that closed them")
    return here


def _check_unknown(
    rounds: Rounds, campaign: str, runs: "dict[str, list[Run]]", findings: Findings
) -> None:
    """Find whole runs of rounds that the ledger did not close, or does not say were logged."""
    whole = {name for name, some in runs.items() if _whole(some)}
    untold = set(rounds.closed) - _logged(rounds)
    keys = {tracked.key(campaign, number): number for number in rounds.closed}
    for name in sorted(whole - keys.keys()):
        what = "is of this campaign, and the ledger has no such round: its end was taken away"
        findings.problem("mlflow", f"MLflow run {name}", what)
    for name in sorted(whole & {name for name, number in keys.items() if number in untold}):
        what = (
            "is whole, and the ledger does not say that it was logged: its end was taken away, "
            "or a run was killed just then, which `labelloop run` mends"
        )
        findings.problem("mlflow", f"MLflow run of round {keys[name]}", what)
    for number in sorted(untold - {keys[name] for name in whole & keys.keys()}):
        findings.skip(_untold(number))


def _check_copies(runs: "list[Run]", where: str, findings: Findings) -> None:
    """Miss a run; say of copies, which a machine that died can leave, that they do no harm."""
    said = "the ledger says that it was logged"
    if not _whole(runs):
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
