"""What was validated before is validated again as soon as anything that it hangs on has changed."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import campaign as at
from tasks import validate
from tasks.campaign import Campaign
from tasks.domain.errors import DataError
from tasks.domain.files import pretty_json
from tasks.ingest.infer import Columns
from tasks.ingest.template import Plan, params_yaml
from tasks.params import parse

COLUMNS = Columns("item_id", "label", ("ash", "oak"), ("size",), (), (), (), (), {})
PARAMS = parse(params_yaml(Plan("trees", COLUMNS)))
FILES = [file for file, _, _ in validate.FRAMES.values()]


def table(*ids: str) -> pa.Table:
    n = len(ids)
    columns = {"label": ["ash"] * n, "status": ["labelled"] * n, "size": [1.0] * n}
    return pa.table({"item_id": ids, "answer_id": ids, **columns})


def suite(column: str) -> str:
    exists = {"type": "expect_column_to_exist", "kwargs": {"column": column}}
    unique = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "item_id"}}
    expectations = [{**one, "severity": "critical"} for one in (exists, unique)]
    return pretty_json({"name": "s", "expectations": expectations, "meta": {}})


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    for folder in ("data", "base", "round", "suites"):
        (tmp_path / folder).mkdir()
    for number, file in enumerate(FILES):
        pq.write_table(table(f"a{number}", f"b{number}"), tmp_path / file)
    for name in at.SUITES:
        (tmp_path / name).write_text(suite("size"))
    return Campaign(tmp_path)


@pytest.mark.parametrize("name", [*FILES, *at.SUITES])
def test_a_change_of_any_input_is_seen_and_so_is_its_end(campaign: Campaign, name: str) -> None:
    path = campaign.path(name)
    before = path.read_bytes()
    validate.run(campaign, PARAMS)
    if name in FILES:
        pq.write_table(table("same", "same"), path)
    else:
        path.write_text(suite("no such column"))
    with pytest.raises(DataError, match="expect_column"):
        validate.run(campaign, PARAMS)
    path.write_bytes(before)
    validate.run(campaign, PARAMS)
