"""Once: a Great Expectations project, MLflow's database, and tables that are still empty."""

import json
from pathlib import Path

import great_expectations as gx
import mlflow
import names
import pandas as pd

EMPTY = {
    names.ANSWERS: ["answer_id", "item_id", "annotator_id", "label", "revision", "price"],
    names.LABELS: ["item_id", "label", "confidence", "status"],
}


def main() -> None:
    """Make everything that a round takes for given."""
    for path, columns in EMPTY.items():
        pd.DataFrame(columns=columns, dtype=object).to_parquet(path)
    _expectations()
    mlflow.set_tracking_uri(names.TRACKING)
    mlflow.set_experiment(names.NAME)


def _expectations() -> None:
    context = gx.get_context(mode="file", project_root_dir=".")
    source = context.data_sources.add_pandas("frames")
    suites = {
        name: context.suites.add(
            gx.ExpectationSuite(**json.loads(Path(f"suites/{name}.json").read_text()))
        )
        for name in sorted(set(names.SUITES.values()))
    }
    for frame, suite in names.SUITES.items():
        batch = source.add_dataframe_asset(frame).add_batch_definition_whole_dataframe("all")
        definition = gx.ValidationDefinition(name=frame, data=batch, suite=suites[suite])
        checked = context.validation_definitions.add(definition)
        context.checkpoints.add(gx.Checkpoint(name=frame, validation_definitions=[checked]))


if __name__ == "__main__":
    main()
