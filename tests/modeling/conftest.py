"""A pool with one column of each kind, from every one of which the class can be guessed."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tasks.params import FeaturesParams

WORDS = {"cat": "purrs softly at night", "dog": "barks loudly all day", "owl": "hoots, and flies!"}


@pytest.fixture(scope="session")
def classes():
    return ["cat", "dog", "owl", "yak"]


@pytest.fixture(scope="session")
def features():
    return FeaturesParams(
        numeric=["weight"],
        categorical=["home"],
        text=["note"],
        embedding=["vector"],
        image=["photo"],
    )


@pytest.fixture(scope="session")
def pool():
    rng = np.random.default_rng(0)
    kinds = rng.integers(3, size=90)
    names = np.array(["cat", "dog", "owl"])[kinds]
    heard = np.where(rng.random(90) < 0.4, rng.permutation(names), names)
    weight = kinds + rng.normal(0, 1.0, 90)
    weight[::7] = np.nan
    return pd.DataFrame(
        {
            "item_id": [f"i{n:03d}" for n in rng.permutation(90)],
            "label": names,
            "weight": weight,
            "home": [None if n % 11 == 0 else f"home{k % 2}" for n, k in enumerate(kinds)],
            "note": [f"it {WORDS[name]} {n % 5}" for n, name in enumerate(heard)],
            "vector": list(rng.normal(0, 2, size=(90, 4)) + kinds[:, None]),
            "photo": [_png(rng, kind) for kind in kinds],
        }
    )


@pytest.fixture(scope="session")
def labels(pool):
    return pool[["item_id", "label"]].iloc[:60]


def _png(rng, kind):
    pixels = np.clip(rng.normal(80 + 30 * kind, 60, size=(5, 6)), 0, 255).astype(np.uint8)
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()
