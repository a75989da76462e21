"""A suite that came with a clone runs nothing: no condition, no query, no endless pattern."""

import json
import resource
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from support import in_process, labelloop

from tasks.domain.errors import DataError
from tasks.validation import slices, suites

PANDAS_RUNS = "@pd.io.common.os.system('touch {marker}') == 0"
ITEMS = pa.table({"item_id": ["a", "b"], "x": [1, 2], "t": ["a" * 40 + "b", "c"]})


def hostile(marker: Path) -> list[Any]:
    text = PANDAS_RUNS.format(marker=marker)
    through = {"type": "pass_through", "pass_through_filter": text}
    return [
        text,
        f"x > 0 and {text}",
        f"x == __import__('os').system('touch {marker}')",
        through,
        {"type": "and", "conditions": [through, through]},
    ]


def suite(condition: Any) -> str:
    arguments = {"column": "x", "row_condition": condition, "condition_parser": "pandas"}
    one = {"type": "expect_column_values_to_not_be_null", "kwargs": arguments}
    return json.dumps({"name": "pool", "expectations": [one], "meta": {}})


def test_the_attack_is_one(tmp_path: Path) -> None:
    """What pandas does with such a text, if it is given it."""
    marker = tmp_path / "marker"
    # The library calls it where a module `pd` is known by that name.
    scope = {"pd": pd}
    frame = ITEMS.to_pandas()
    frame.eval(PANDAS_RUNS.format(marker=marker), engine="python", local_dict=scope)
    assert marker.exists()


@pytest.mark.parametrize("which", range(5))
def test_a_condition_is_no_program(which: int, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with pytest.raises(DataError, match="row_condition"):
        suites.parse(suite(hostile(marker)[which]), "suites/pool.json")
    assert not marker.exists()


@pytest.mark.parametrize("command", ["check", "report"])
def test_no_command_runs_it(command: str, campaign: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    for condition in hostile(marker)[0], hostile(marker)[3]:
        (campaign / "suites" / "pool.json").write_text(suite(condition))
        done = labelloop("-C", campaign, command)
        assert "Traceback" not in done.err
        assert not marker.exists()
        if command == "check":
            assert done.code == 2
            assert "suites/pool.json expectation 1" in done.err + done.out


def match_for_ever() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    kind = "expect_column_values_to_match_regex"
    one = {"type": kind, "kwargs": {"column": "t", "regex": "^(a+)+$"}}
    asked = suites.parse(json.dumps({"expectations": [one]}), "suites/pool.json")
    (found,) = slices.run("pool", ITEMS, asked, "item_id").results
    assert found.result["unexpected_count"] == 2


def test_a_pattern_takes_no_more_than_linear_time() -> None:
    assert in_process(match_for_ever) == 0
