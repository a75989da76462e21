"""A round's model in MLflow: the very bytes that DVC keeps, as a scikit-learn model."""

import importlib.metadata
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.audit.tracked import UNDONE, Model, Tracked
from tasks.modeling import bundle

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
MODEL_FILE = "model.skops"
"""The file of a registered model that holds the model."""
REQUIRED = ("lightgbm", "numpy", "pandas", "scikit-learn", "scipy", "skops")


def register(client: "MlflowClient", run: "Run", one: Tracked, model: Model) -> None:
    """Log a model, and make it a version of the campaign's registered model.

    ``models:/<campaign>@round-0007`` and ``mlflow.sklearn.load_model`` find it.
    """
    from mlflow.entities import LoggedModelOutput

    run_id, labels = run.info.run_id, {"sha256": model.digest.sha256, "md5": model.digest.md5}
    logged = client.create_logged_model(
        run.info.experiment_id, one.campaign, source_run_id=run_id, tags=labels
    )
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=one.number)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        _write(path, run_id, logged.model_id, model)
        client.log_model_artifacts(logged.model_id, str(path))
    client.finalize_logged_model(logged.model_id, "READY")
    _ensure_name(client, one.campaign)
    client.create_model_version(
        one.campaign,
        f"models:/{logged.model_id}",
        run_id,
        tags={**one.tags, **labels},
        await_creation_for=0,
        model_id=logged.model_id,
    )


def name(client: "MlflowClient", one: Tracked, run: "Run") -> None:
    """Name the model version of a round's run after the round."""
    for version in _versions(client, one, one.number):
        if version.run_id == run.info.run_id:
            client.set_registered_model_alias(one.campaign, one.name, version.version)


def crown(client: "MlflowClient", one: Tracked, best: int | None) -> None:
    """Give the alias ``champion`` to the model of round `best`, if it is registered."""
    for version in _versions(client, one, best)[:1]:
        client.set_registered_model_alias(one.campaign, CHAMPION, version.version)


def disown(client: "MlflowClient", one: Tracked) -> None:
    """Say of the model of a round that it was undone, and take ``champion`` away from it."""
    for version in _versions(client, one, one.number):
        client.set_model_version_tag(one.campaign, version.version, UNDONE, one.undone)
        if CHAMPION in client.get_model_version(one.campaign, version.version).aliases:
            client.delete_registered_model_alias(one.campaign, CHAMPION)


def _versions(client: "MlflowClient", one: Tracked, number: int | None) -> "list[ModelVersion]":
    ledger = one.tags["labelloop.ledger"]
    wanted = f"name = '{one.campaign}' and tags.`labelloop.ledger` = '{ledger}'"
    found = client.search_model_versions(wanted)
    return [one for one in found if one.tags.get("labelloop.round") == str(number)]


def _ensure_name(client: "MlflowClient", name: str) -> None:
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)


def _write(path: Path, run_id: str, model_id: str, model: Model) -> None:
    from mlflow.models import Model as Description

    description = Description(run_id=run_id, model_uuid=model_id, model_id=model_id)
    with warnings.catch_warnings():
        # MLflow warns of its own type hints, of its own use of pandas, and of whole numbers.
        warnings.simplefilter("ignore")
        _save_stand_in(path, model, description)
    (path / MODEL_FILE).write_bytes(model.content)
    flavor = description.flavors["sklearn"]
    made_with = {**flavor, "sklearn_version": model.packages["scikit-learn"]}
    description.add_flavor("sklearn", **made_with)
    description.model_size_bytes = sum(file.stat().st_size for file in path.iterdir())
    description.save(str(path / "MLmodel"))


def _save_stand_in(path: Path, model: Model, description: Any) -> None:
    """Save all but the model itself.

    MLflow spells a model anew when it saves it, and must be able to build it, which other versions
    of the libraries cannot. So it gets another one, which then gives way to the right bytes.
    """
    import mlflow.pyfunc
    import mlflow.sklearn
    import pandas as pd
    from sklearn.dummy import DummyClassifier

    classes = pd.Series(list(model.classes))
    mlflow.sklearn.save_model(
        DummyClassifier(),
        str(path),
        serialization_format="skops",
        skops_trusted_types=list(bundle.TRUSTED),
        signature=mlflow.models.infer_signature(model.example, classes),
        input_example=model.example,
        pip_requirements=_requirements(model),
        mlflow_model=description,
    )


def _requirements(model: Model) -> list[str]:
    versions = {name: model.packages[name] for name in REQUIRED}
    versions["labelloop"] = importlib.metadata.version("labelloop")
    return [f"{name}=={version}" for name, version in sorted(versions.items())]
