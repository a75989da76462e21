import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tasks.ingest import leaks


def found(frame: pd.DataFrame, label: str = "label") -> dict[str, leaks.Leak]:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    labels = table[label].cast(pa.string())
    names = [name for name in table.column_names if name != label]
    return {leak.column: leak for leak in leaks.find(table, labels, names)}


def scores(n: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = rng.choice([3, 4, 5, 6, 7], size=n, p=[0.05, 0.15, 0.4, 0.3, 0.1])
    return pd.DataFrame({"noise": rng.normal(size=n), "id": np.arange(n), "label": label})


def test_what_tells_the_class_or_follows_from_it_is_found() -> None:
    frame, rng = scores(1000), np.random.default_rng(2)
    label = frame["label"]
    ranges = label * 10 + rng.uniform(0, 9, size=1000)
    leaky = frame.assign(
        same=label,
        word=label.map("class {}".format),
        good=label >= 6,
        half=label.where(label == 3),
        ranges=ranges,
        many=label * 1_700_000_000 + 1,
        one_hot=[[float(value == k) for k in range(3, 8)] for value in label],
        nearly=label.where(rng.random(1000) > 0.01, 5),
    )
    expected = {"same", "word", "good", "half", "ranges", "many", "one_hot", "nearly"}
    assert set(found(leaky)) == expected
    assert found(leaky)["good"].follows
    assert not found(leaky)["same"].follows
    said = "it alone tells the class for 100.0% of 1,000 items"
    assert str(found(leaky)["same"]).startswith(said)


def test_strong_features_ids_and_rare_flags_are_none() -> None:
    frame, rng = scores(2000), np.random.default_rng(2)
    label = frame["label"]
    honest = frame.assign(
        strong=label + rng.normal(0, 0.35, size=2000),
        often=label.where(rng.random(2000) > 0.15, 5),
        rare=rng.random(2000) < 0.002,
        digest=[f"{number:08x}" for number in rng.permutation(2000)],
        constant=1,
    )
    assert found(honest) == {}


@pytest.mark.parametrize("seed", range(12))
def test_few_items_give_no_false_alarm(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(24, 40))).rename(columns=str)
    flags = pd.DataFrame(rng.random(size=(24, 40)) < 0.5).rename(columns="flag {}".format)
    labels = pd.DataFrame({"label": rng.integers(2, size=24)})
    assert found(pd.concat([frame, flags, labels], axis=1)) == {}


def test_few_items_show_a_copy_of_the_label_and_fewer_show_nothing() -> None:
    frame = scores(40).assign(same=lambda f: f["label"])
    assert set(found(frame)) == {"same"}
    assert found(frame.head(15)) == {}


def test_a_rare_class_that_one_column_tells() -> None:
    rng = np.random.default_rng(3)
    label = (rng.random(60_000) < 0.02).astype(int)
    told = np.where(label, rng.normal(5, 1, 60_000), rng.normal(-5, 1, 60_000))
    frame = pd.DataFrame({"label": label, "told": told, "other": rng.normal(size=60_000)})
    assert set(found(frame)) == {"told"}
    assert found(frame)["told"].items == leaks.MOST


def test_items_of_unknown_class_do_not_count() -> None:
    frame = scores(100).assign(same=lambda f: f["label"].astype(str))
    frame["label"] = frame["label"].astype(str).where(frame.index < 10)
    assert found(frame) == {}
