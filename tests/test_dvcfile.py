"""dvc.yaml says of every stage what the stage says of itself."""

from pathlib import Path

import pytest
import yaml

from tasks import dvcfile, params, pipeline

ROOT = Path(__file__).parents[1]
PARAMS = params.load(ROOT / "params.yaml")
STAGES = yaml.safe_load(dvcfile.render(PARAMS))["stages"]


@pytest.mark.parametrize("name", pipeline.NAMES)
def test_a_key_that_dvc_follows_cannot_be_left_out_of_params(name: str) -> None:
    for key in pipeline.stage(name, PARAMS).params:
        section, _, field = key.partition(".")
        fields = {**params.Params.model_fields}
        assert fields[section].is_required()
        if field:
            assert fields[section].annotation.model_fields[field].is_required(), key


@pytest.mark.parametrize("name", pipeline.NAMES)
def test_what_a_stage_reads_was_written_by_one_before_it_or_is_given(name: str) -> None:
    given = {"holdout.txt", "gold.txt", "round.json"}
    before = pipeline.NAMES[: pipeline.NAMES.index(name)]
    made = {output for one in before for output in pipeline.stage(one, PARAMS).outputs}
    for path in pipeline.stage(name, PARAMS).inputs:
        assert path in made | given or path.startswith("suites/"), path


def test_no_file_is_written_by_two_stages() -> None:
    outputs = [path for name in pipeline.NAMES for path in pipeline.stage(name, PARAMS).outputs]
    assert len(outputs) == len(set(outputs))


def test_a_folder_of_items_is_a_dependency_of_the_pool() -> None:
    own = PARAMS.model_copy(
        update={"pool": PARAMS.pool.model_copy(update={"source": "data/source"})}
    )
    stages = yaml.safe_load(dvcfile.render(own))["stages"]
    assert "data/source" in stages["pool"]["deps"]
    assert "data/source" not in STAGES["pool"]["deps"]


def test_the_inbox_outlives_a_second_push() -> None:
    assert {"round/inbox.jsonl": {"persist": True}} in STAGES["push"]["outs"]
