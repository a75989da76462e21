import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain.errors import DataError
from tasks.modeling.features import TOPICS, matrix, select, transformer
from tasks.params import FeaturesParams


def test_every_kind_of_column_becomes_numbers(pool, features):
    X = transformer(features).fit_transform(select(pool, features.columns))
    assert X.shape[0] == len(pool)
    assert np.isfinite(X.toarray() if hasattr(X, "toarray") else X).all()


@pytest.mark.parametrize("kind", ["numeric", "categorical", "text", "embedding", "image"])
def test_each_kind_tells_the_classes_apart(pool, features, kind):
    alone = FeaturesParams(**{kind: getattr(features, kind)})
    X = matrix(pool, alone, seed=0)
    centers = np.array([X[pool["label"] == name].mean(axis=0) for name in ("cat", "dog", "owl")])
    spread = np.linalg.norm(centers[:, None] - centers, axis=2)
    assert spread.max() > 0.3


def test_what_was_never_seen_before_is_no_error(pool, features):
    fitted = transformer(features).fit(select(pool, features.columns))
    strange = pool.head(2).assign(
        weight=[np.nan, 9e9], home=["elsewhere", None], note=["", "zzz"], vector=None, photo=None
    )
    X = fitted.transform(select(strange, features.columns))
    assert np.isfinite(X.toarray() if hasattr(X, "toarray") else X).all()


def test_an_unknown_category_is_all_zero():
    fitted = transformer(FeaturesParams(categorical=["c"]))
    frame = pd.DataFrame({"item_id": ["a", "b"], "c": ["x", "y"]})
    fitted.fit(select(frame, ["c"]))
    unknown = pd.DataFrame({"item_id": ["c"], "c": ["z"]})
    assert fitted.transform(select(unknown, ["c"])).sum() == 0


def test_a_missing_number_is_told_from_a_median():
    frame = pd.DataFrame({"item_id": list("abc"), "x": [1.0, 2.0, np.nan]})
    X = transformer(FeaturesParams(numeric=["x"])).fit_transform(select(frame, ["x"]))
    assert X.shape == (3, 2)
    assert X[2, 1] != X[0, 1] == X[1, 1]


def test_a_number_that_is_always_missing_is_no_error():
    frame = pd.DataFrame({"item_id": ["a", "b"], "x": [np.nan, np.nan], "y": [1.0, 2.0]})
    assert np.isfinite(matrix(frame, FeaturesParams(numeric=["x", "y"]), 0)).all()


def test_names_the_missing_column(pool):
    with pytest.raises(DataError, match="column 'nope'"):
        select(pool, ["weight", "nope"])


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(90)), seed=st.integers(0, 2**31))
def test_matrix_does_not_depend_on_the_order_of_rows(pool, features, order, seed):
    straight = matrix(pool, features, seed)
    np.testing.assert_array_equal(matrix(pool.iloc[order], features, seed), straight[order])


def test_matrix_reduces_many_words_to_few_numbers():
    rng = np.random.default_rng(0)
    notes = [" ".join(f"w{k}" for k in rng.integers(500, size=20)) for _ in range(200)]
    frame = pd.DataFrame({"item_id": [f"i{n}" for n in range(200)], "note": notes})
    assert matrix(frame, FeaturesParams(text=["note"]), 0).shape == (200, TOPICS)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_matrix_of_hardly_any_items(pool, features, rows):
    given = matrix(pool.head(rows), features, 0)
    assert given.shape[0] == rows
    assert np.isfinite(given).all()
