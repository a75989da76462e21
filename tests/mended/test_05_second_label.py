"""A second label column becomes no feature and is shown to nobody, unless somebody confirms it."""

from pathlib import Path

import pytest
from support import change_params, items, labelloop

from tasks import params

pytestmark = pytest.mark.integration
SIZES = ("--holdout", "40", "--gold", "6")


def with_leaks(path: Path) -> Path:
    frame = items()
    codes = frame["label"].map({"ash": 3, "birch": 5, "cedar": 7})
    leaky = frame.assign(num=codes, good=codes >= 6, word=codes.map("class {}".format))
    leaky.to_csv(path / "items.csv", index=False)
    return path / "items.csv"


def test_init_leaves_them_out_and_check_refuses_them(tmp_path: Path) -> None:
    root = tmp_path / "made"
    done = labelloop("init", root, "--pool", with_leaks(tmp_path), *SIZES)
    assert done.code == 0, done
    found = params.load(root / "params.yaml")
    assert found.features.columns == found.vendor.send == ["height", "girth"]
    for name in ("num", "word"):
        assert f"left out  {name}: it alone tells the class for 100.0% of 160 items" in done.out
    assert "left out  good: the class alone tells it for 100.0% of 160 items" in done.out
    assert "pool.confirmed, features and vendor.send" in done.out
    assert "# Not 'num': it alone tells the class" in (root / "params.yaml").read_text()
    assert "ok   leaks: no column gives the class away" in labelloop("-C", root, "check").out

    change_params(root, {"vendor": {"send": ["height", "num"]}})
    done = labelloop("-C", root, "check")
    assert done.code == 2
    (bad,) = (line for line in done.out.splitlines() if line.startswith("BAD"))
    assert bad.startswith("BAD  leaks: features, vendor.send: 'num' gives the class away: it alone")
    assert "pool.confirmed" in bad

    change_params(root, {"pool": {"confirmed": ["num"]}})
    done = labelloop("-C", root, "check")
    assert done.code == 0, done
    assert "no column gives the class away beside num, confirmed" in done.out


def test_a_column_can_be_confirmed_from_the_beginning(tmp_path: Path) -> None:
    pool, root = with_leaks(tmp_path), tmp_path / "made"
    done = labelloop("init", root, "--pool", pool, *SIZES, "--confirm", "num")
    assert done.code == 0, done
    found = params.load(root / "params.yaml")
    assert found.features.numeric == ["height", "girth", "num"]
    assert found.pool.confirmed == ["num"]
    done = labelloop("init", tmp_path / "other", "--pool", pool, *SIZES, "--confirm", "nu")
    assert (done.code, "there is no feature 'nu'" in done.err) == (2, True)


def test_without_any_other_feature_nothing_is_made(tmp_path: Path) -> None:
    frame = items()[["item_id", "label"]]
    frame = frame.assign(num=frame["label"].map({"ash": 1.0, "birch": 2.0, "cedar": 3.0}))
    frame.to_csv(tmp_path / "items.csv", index=False)
    done = labelloop("init", tmp_path / "made", "--pool", tmp_path / "items.csv", *SIZES)
    assert done.code == 2
    assert "all features give the class away: num" in done.err
    assert "--confirm num" in done.err
    assert not (tmp_path / "made").exists()
