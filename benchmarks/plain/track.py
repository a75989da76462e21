"""Log a round to MLflow as its documentation shows it."""

import json
import sys
from pathlib import Path

import mlflow
import names
import pandas as pd
import skops.io
import yaml
from mlflow.data.pandas_dataset import from_pandas


def main(number: int) -> None:
    """Log params, metrics, datasets, decisions and the model, and register it."""
    mlflow.set_tracking_uri(names.TRACKING)
    mlflow.set_experiment(names.NAME)
    metrics = json.loads(Path(names.METRICS).read_text())
    with mlflow.start_run(run_name=f"round-{number:04d}", tags={"round": str(number)}):
        mlflow.log_params(_flat(yaml.safe_load(Path("params.yaml").read_text())))
        mlflow.log_metrics(metrics, step=number)
        for context, path in names.CHECKED.items():
            dataset = from_pandas(_plain(pd.read_parquet(path)), path, name=context)
            mlflow.log_input(dataset, context=context)
        mlflow.log_artifact(names.DECISIONS)
        example = names.pixels(pd.read_parquet(names.HOLDOUT).head())
        model = skops.io.load(names.MODEL)
        logged = mlflow.sklearn.log_model(
            model, name="model", input_example=example, registered_model_name=names.NAME
        )
        version = str(logged.registered_model_version)
        mlflow.MlflowClient().set_registered_model_alias(names.NAME, f"round-{number}", version)


def _flat(value: object, prefix: str = "") -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        return {prefix: str(value)}
    parts = [_flat(inner, f"{prefix}.{name}".strip(".")) for name, inner in value.items()]
    return {name: text for part in parts for name, text in part.items()}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="pixels", errors="ignore").astype(str)


if __name__ == "__main__":
    main(int(sys.argv[1]))
