"""Flow runs are named after campaign and round, and the report shows every expectation."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from prefect_server import ask
from processes import labelloop_process
from support import change_params

pytestmark = pytest.mark.integration


def test_each_round_is_a_run_of_its_name(campaign: Path, tmp_path: Path, api: str) -> None:
    change_params(campaign, {"stop": {"max_rounds": {"rounds": 2}}})
    log = tmp_path / "log"
    with labelloop_process(campaign, "run", "--wait", log=log, PREFECT_API_URL=api) as run:
        assert run.wait() == 0, log.read_text()
        found = ask(api, "/flow_runs/filter")
    names = {one["name"]: one["state"]["type"] for one in found}
    assert names == {"trees round 0": "COMPLETED", "trees round 1": "COMPLETED"}
    assert len(found) == 2


def test_the_report_shows_every_expectation_and_needs_no_network(finished: Path) -> None:
    page = (finished / "report.html").read_text()
    rows = re.findall(r"<tr>(.*?)</tr>", page.split('<section id="validation">')[1], re.DOTALL)
    told = {unescape(re.sub("<[^>]+>", "|", row)) for row in rows}
    validated = json.loads((finished / "round" / "validation.json").read_text())
    assert len(validated["expectations"]) > 30
    for one in validated["expectations"]:
        parts = (one["where"], one["expectation"], one["detail"])
        assert any(all(part in row for part in parts) for row in told), one
    assert not (finished / "data_docs").exists()
    assert not re.search(r"(https?:)?//\w", page)
