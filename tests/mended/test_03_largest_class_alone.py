"""A model that is no better than always answering the largest class ends no campaign."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import SMALL, advance, change_params, in_process, labelloop

from flows.display import HEADER, line
from tasks import campaign as at
from tasks.create import Request, create

pytestmark = pytest.mark.integration


@pytest.fixture
def rare(warm: None, tmp_path: Path) -> Path:
    """Make a campaign with 2% positives, which nothing that the model sees tells apart."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "item_id": [f"item-{number:04d}" for number in range(900)],
            "height": rng.normal(size=900),
            "label": np.where(np.arange(900) % 50 == 0, "yes", "no"),
        }
    )
    frame.to_parquet(tmp_path / "items.parquet", index=False)
    root = tmp_path / "rare"
    create(Request(root, pool=tmp_path / "items.parquet", label="label", holdout=500, gold=10))
    change_params(
        root,
        {
            **SMALL,
            "score": {"batch": 60, "runners_up": 0},
            "stop": {
                "target": {"metric": "accuracy", "at_least": 0.95},
                "max_rounds": {"rounds": 2},
            },
        },
    )
    return root


def test_a_constant_answer_reaches_no_target(rare: Path) -> None:
    assert in_process(advance, rare) == 0
    history = json.loads((rare / at.HISTORY).read_text())
    assert len(history) == 2, "the campaign was ended by its target"
    newest = history[-1]["metrics"]
    assert newest["accuracy"]["value"] > 0.95
    assert newest["baseline/accuracy"]["value"] > 0.95
    rules = json.loads((rare / at.STOP).read_text())["rules"]
    assert not rules["target"]["fires"]
    assert "always answering the largest class would have 0.9" in rules["target"]["reason"]
    assert "not surely better than that" in rules["target"]["reason"]
    status = labelloop("-C", rare, "status").out
    assert "always answering the largest class has accuracy 0.9" in status
    assert "macro-F1" in status
    row = line(history[-1])
    at_baseline = HEADER.index("baseline")
    assert f"{newest['baseline/accuracy']['value']:.3f}" in row[at_baseline : at_baseline + 8]
    assert "largest class alone 0.9" in (rare / at.REPORT).read_text()
