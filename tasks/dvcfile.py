"""dvc.yaml, written from what the stages declare, so that the two cannot disagree."""

from typing import Any

import yaml

from tasks import campaign as at
from tasks import pipeline
from tasks.domain.stage import Stage
from tasks.params import Params

HEADER = """\
# The offline half of every stage of a round, written by `labelloop init` from the stages' own
# declarations. `dvc repro` does again whatever is out of date; it never asks a vendor for anything:
# `labelloop run` sends batches, collects answers, and commits what the stages wrote.
"""


def render(params: Params) -> str:
    """Write dvc.yaml for a campaign."""
    stages = {name: _entry(pipeline.stage(name, params)) for name in pipeline.NAMES}
    return HEADER + yaml.safe_dump({"stages": stages}, sort_keys=False, width=100)


def _entry(stage: Stage) -> dict[str, Any]:
    outs: list[Any] = []
    for name in stage.outputs:
        if name != at.METRICS:
            outs.append({name: {"persist": True}} if name in stage.persists else name)
    entry: dict[str, Any] = {
        "cmd": f"python -m tasks {stage.name}",
        "deps": list(stage.inputs),
        "params": list(stage.params),
        "outs": outs,
    }
    if at.METRICS in stage.outputs:
        entry["metrics"] = [at.METRICS]
    return {key: value for key, value in entry.items() if value}
