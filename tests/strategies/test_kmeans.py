import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from tasks.domain.choosing import Candidates
from tasks.strategies import kmeans
from tasks.strategies.kmeans import KMeans

HERE = np.random.default_rng(7)
CENTRES = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]])


def scores(features, n, seed=0):
    features = np.asarray(features, dtype=float)
    ids = np.array([f"item-{number:06}" for number in range(len(features))], dtype=object)
    candidates = Candidates(ids, features, None, ("a", "b"))
    return KMeans().score(candidates, n, np.random.default_rng(seed))


def blobs(sizes):
    parts = [
        HERE.normal(centre, 0.5, (size, 2)) for centre, size in zip(CENTRES, sizes, strict=True)
    ]
    return np.concatenate(parts), np.repeat(np.arange(4), sizes)


def test_one_representative_of_each_blob_and_the_largest_blob_first():
    points, blob = blobs([40, 10, 20, 30])
    found = scores(points, 4)
    best = np.argsort(-found)
    assert list(blob[best[:4]]) == [0, 3, 2, 1]
    assert found[best[:4]] == pytest.approx([1.4, 1.3, 1.2, 1.1])
    assert (found[best[4:]] < 1).all()


def test_a_representative_is_nearest_to_the_middle_of_its_blob():
    points, blob = blobs([25, 25, 25, 25])
    chosen = np.flatnonzero(scores(points, 4) > 1)
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    for item in chosen:
        own = np.flatnonzero(blob == blob[item])
        distance = np.linalg.norm(scaled[own] - scaled[own].mean(axis=0), axis=1)
        assert own[distance.argmin()] == item


@given(
    n=st.integers(1, 12),
    points=st.lists(st.tuples(*[st.integers(-5, 5)] * 2), min_size=12, max_size=30, unique=True),
)
@settings(max_examples=30, deadline=None)
def test_exactly_n_representatives(n, points):
    assert (scores(points, n) > 1).sum() == n


def test_units_do_not_matter():
    points, _ = blobs([20, 20, 20, 20])
    in_metres = points * [1, 1000] + [5, -3]
    assert scores(points, 6) == pytest.approx(scores(in_metres, 6))


@pytest.mark.parametrize("features", [np.zeros((30, 3)), np.repeat(np.eye(3), 10, axis=0)])
def test_fewer_different_points_than_clusters_needs_no_warning(features):
    found = scores(features, 8)
    assert np.isfinite(found).all()
    assert (found > 1).sum() == len(np.unique(features, axis=0))


def test_more_clusters_than_items_and_none_at_all():
    assert (scores([[1.0], [2.0]], 5) > 1).all()
    assert np.isfinite(scores([[1.0], [2.0]], 0)).all()


def test_copies_of_a_representative_come_last():
    features = [[0.0], [0.0], [0.0], [10.0], [10.4], [10.0]]
    found = scores(features, 2)
    copies = [item for item in (0, 1, 2) if found[item] < 1]
    assert found[copies].max() < found[4]


def test_the_number_of_threads_does_not_matter():
    points = np.random.default_rng(1).normal(size=(3000, 8))
    with threadpool_limits(1):
        alone = scores(points, 40)
    assert (scores(points, 40) == alone).all()


def test_large_pools_are_clustered_by_samples(monkeypatch):
    monkeypatch.setattr(kmeans, "MINI_BATCH_ABOVE", 99)
    points, blob = blobs([400, 100, 200, 300])
    found = scores(points, 4)
    assert sorted(blob[found > 1]) == [0, 1, 2, 3]
    assert (found == scores(points, 4)).all()


def test_reason_says_how_many_it_stands_for():
    assert KMeans().reason(1.25, []) == (
        "it stands for a group of similar items, 25.0% of the candidates"
    )
    assert KMeans().reason(0.4, []).startswith("it lies far from the middle of its group")
    assert "'cat' (0.48)" in KMeans().reason(1.25, [("cat", 0.48), ("dog", 0.41)])
