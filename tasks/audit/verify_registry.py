"""Whether MLflow's registry holds each round's very model, under the names that the ledger gives.

Who serves ``models:/<campaign>@champion`` gets the bytes that the registry points to, not those
that DVC keeps. So the alias, the version behind it, and the files behind that are all compared.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tasks import campaign as at
from tasks.audit import registered, tracked
from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

FILES = {
    registered.MODEL_FILE,
    "MLmodel",
    "conda.yaml",
    "input_example.json",
    "python_env.yaml",
    # MLflow itself puts it there when somebody loads the model by its name.
    "registered_model_meta",
    "requirements.txt",
    "serving_input_example.json",
}
"""All that a registered model consists of."""
LOADED: Mapping[str, Mapping[str, Any]] = {
    "sklearn": {
        "pickled_model": registered.MODEL_FILE,
        "serialization_format": "skops",
        "code": None,
    },
    "python_function": {
        "loader_module": "mlflow.sklearn",
        "model_path": registered.MODEL_FILE,
        "code": None,
    },
}
"""What MLmodel must say of how a model is loaded: from the skops file alone, running no code."""


@dataclass(frozen=True)
class Registry:
    """The registered model of one campaign.

    Attributes
    ----------
    versions : mapping of str to ModelVersion
        Those of this campaign's ledger, by the id of the run that made them.
    aliases : mapping of str to str
        The number of the version that each alias names.
    """

    versions: "Mapping[str, ModelVersion]"
    aliases: Mapping[str, str]


def check(
    client: "MlflowClient",
    rounds: Rounds,
    campaign: str,
    runs: Mapping[int, str],
    findings: Findings,
) -> None:
    """Compare the registered models and aliases of all rounds that MLflow was told of.

    Parameters
    ----------
    runs : mapping of int to str
        By round, the id of the run that has the whole of it.
    """
    registry = _read(client, rounds, campaign)
    for number, run_id in runs.items():
        where = f"registered model of round {number}"
        with findings.guarded("mlflow", where):
            if rounds.json(number, at.CARD)["fitted"]:
                _check_model(client, rounds, registry, campaign, number, run_id, findings)
    _check_champion(rounds, registry, runs, findings)
    for run_id in registry.versions.keys() - set(runs.values()):
        found = registry.versions[run_id]
        what = f"belongs to no round that the ledger says was logged (run {run_id})"
        findings.problem("mlflow", f"registered model, version {found.version}", what)


def _read(client: "MlflowClient", rounds: Rounds, campaign: str) -> Registry:
    if not client.search_registered_models(f"name = '{campaign}'"):
        return Registry({}, {})
    found = client.search_model_versions(f"name = '{campaign}'")
    ledger = rounds.entries[0].digest
    own = {str(one.run_id): one for one in found if one.tags.get("labelloop.ledger") == ledger}
    aliases = client.get_registered_model(campaign).aliases
    return Registry(own, {name: str(number) for name, number in aliases.items()})


def _check_model(
    client: "MlflowClient",
    rounds: Rounds,
    registry: Registry,
    campaign: str,
    number: int,
    run_id: str,
    findings: Findings,
) -> None:
    where = f"registered model of round {number}"
    version = registry.versions.get(run_id)
    if version is None:
        findings.problem("mlflow", where, "is missing; MLflow was told of the round's model")
        return
    alias = tracked.name_of(number)
    _check_alias(registry, alias, str(version.version), findings)
    with tempfile.TemporaryDirectory() as folder:
        found = _download(client, campaign, str(version.version), Path(folder))
        if what := _fault(found, rounds.files(number)[at.MODEL].sha256):
            findings.problem("mlflow", where, what)


def _check_alias(registry: Registry, alias: str, expected: str, findings: Findings) -> None:
    named = registry.aliases.get(alias)
    if named != expected:
        said = f"names version {named}" if named else "is missing"
        what = f"{said}; by the ledger it is version {expected}"
        findings.problem("mlflow", f"alias {alias} of the registered model", what)


def _check_champion(
    rounds: Rounds, registry: Registry, runs: Mapping[int, str], findings: Findings
) -> None:
    if tracked.unmarked(rounds):
        # The next run moves the alias.
        return
    where = f"alias {registered.CHAMPION} of the registered model"
    standing = [number for number in runs if number in rounds.believed]
    with findings.guarded("mlflow", where):
        best = tracked.champion(rounds, max(standing)) if standing else None
        version = registry.versions.get(runs.get(best, "")) if best is not None else None
        if version is not None:
            _check_alias(registry, registered.CHAMPION, str(version.version), findings)
        elif best is None and registered.CHAMPION in registry.aliases:
            findings.problem("mlflow", where, "is there, though no round has been measured")


def _download(client: "MlflowClient", campaign: str, version: str, folder: Path) -> Path:
    """Fetch the files that whoever loads this version gets."""
    from mlflow.artifacts import download_artifacts

    uri = client.get_model_version_download_uri(campaign, version)
    return Path(download_artifacts(artifact_uri=uri, dst_path=str(folder)))


def _fault(folder: Path, expected: str) -> str | None:
    """Say what is wrong with a registered model's files; None if nothing is."""
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    if registered.MODEL_FILE not in there or "MLmodel" not in there:
        return "lacks its files"
    if extra := sorted(there - FILES):
        return f"has a file that labelloop did not put there: {extra[0]}"
    content = (folder / registered.MODEL_FILE).read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        return "is not the model that the ledger knows: its bytes were changed"
    flavors = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))["flavors"]
    for flavor, says in LOADED.items():
        for name, value in says.items():
            if flavors[flavor].get(name) != value:
                return f"its MLmodel says {flavor} {name} = {flavors[flavor].get(name)!r}"
    return "its MLmodel loads it in a way of its own" if flavors.keys() - LOADED.keys() else None
