import numpy as np
from sklearn.datasets import load_digits

from tasks.ingest.example import digits


def test_digits_are_sklearns_in_its_order() -> None:
    frame, bunch = digits(), load_digits()
    assert list(frame.columns) == ["item_id", "pixels", "label"]
    assert frame["item_id"].iloc[[0, -1]].tolist() == ["digit-0000", "digit-1796"]
    assert frame["label"].astype(int).tolist() == bunch.target.tolist()
    assert np.array_equal(np.stack(frame["pixels"].tolist()), bunch.data)
    assert sorted(set(frame["label"])) == list("0123456789")
