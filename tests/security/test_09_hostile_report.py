"""A ledger that vouches for hostile files: the report is a page, or one line says why it is not."""

import importlib.util
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from security.fuzz import mutations, survives

from tasks import campaign as at
from tasks.domain.files import pretty_json, write_atomic
from tasks.reporting.page import made

INPUTS = 25
"""For each file; each makes a page with plots."""
FINDING = {
    "suite": "pool",
    "expectation": "expect_x",
    "column": "x",
    "severity": "warn",
    "success": False,
    "count": 3,
    "items": ["a"],
    "detail": "found 1",
    "where": "pool",
}
FILES: dict[str, Any] = {
    at.VALIDATION: {"expectations": [FINDING]},
    at.STOP: {"rules": {"budget": {"fires": False, "reason": "18 is left"}}},
}


def harness() -> Any:
    """Load the writer of campaigns that the report's own tests use."""
    path = Path(__file__).parents[1] / "reporting" / "test_gather.py"
    spec = importlib.util.spec_from_file_location("gather_harness", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def campaign(root: Path, name: str, content: bytes) -> Any:
    rounds = harness().Rounds(root)
    rounds.ask(0, "item-1", "item-2")
    rounds.answer(0, {"item-1": "ash", "item-2": "birch"})
    rounds.stage(0, "hostile", it=(name, lambda path: write_atomic(path, content)))
    return rounds


@pytest.mark.parametrize("name", [*FILES, at.HISTORY])
def test_a_hostile_file_is_a_page_or_one_line(name: str, tmp_path: Path) -> None:
    seed = pretty_json(FILES.get(name, HISTORY)).encode()
    places = (tmp_path / str(number) for number in count())

    def load(content: bytes) -> None:
        rounds = campaign(next(places), name, content)
        assert "<!doctype html>" in made(rounds.campaign, rounds.ledger, rounds.shelf)

    load(seed)
    told = survives(load, mutations([seed], INPUTS, name))
    assert told["refused"] > 0


HISTORY = [
    {
        "round": 0,
        "metrics": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.9}},
        "labels": 2,
        "answers": 4,
        "spent": 0.4,
        "alpha": 0.5,
        "gold_accuracy": None,
        "quarantined": 1,
        "batch": 2,
        "classes": {"ash": 2},
    }
]


def test_texts_of_a_hostile_file_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    finding = {**FINDING, "where": evil, "detail": evil, "items": [evil], "expectation": evil}
    content = json.dumps({"expectations": [finding]}).encode()
    rounds = campaign(tmp_path, at.VALIDATION, content)
    page = made(rounds.campaign, rounds.ledger, rounds.shelf)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "<img src=x" not in page
