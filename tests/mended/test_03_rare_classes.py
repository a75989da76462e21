"""Where one class is most of all, `init` does not let accuracy end the campaign."""

from pathlib import Path

import numpy as np
import pytest
from support import items, labelloop

from tasks import params

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("rare", "metric", "least"), [(3, "macro_f1", 0.9), (60, "accuracy", 0.95)]
)
def test_the_metric_goes_with_the_balance(
    tmp_path: Path, rare: int, metric: str, least: float
) -> None:
    frame = items().assign(label=np.where(np.arange(160) < rare, "rare", "common"))
    frame.to_csv(tmp_path / "items.csv", index=False)
    sizes = ("--holdout", "40", "--gold", "6")
    done = labelloop("init", tmp_path / "made", "--pool", tmp_path / "items.csv", *sizes)
    assert done.code == 0, done
    found = params.load(tmp_path / "made" / "params.yaml").stop
    assert found["target"] == {"metric": metric, "at_least": least}
    assert found["plateau"]["metric"] == metric
    share = f"the largest class has {100 * (160 - rare) / 160:.0f}% of the items of known class"
    assert f"target    {metric}: {share}" in done.out
    text = (tmp_path / "made" / "params.yaml").read_text()
    assert f"The metric: {share}" in text.replace("\n  # ", " ")
