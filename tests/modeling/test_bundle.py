import hashlib
import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from tasks.domain.errors import DataError
from tasks.modeling import archive, bundle, pipeline
from tasks.modeling.canonical import SCHEMA, canonical, zipped
from tasks.params import TrainParams

LEARNERS = ["logistic_regression", "lightgbm"]
ELSEWHERE = """
import hashlib, sys
import pandas as pd
from tasks.modeling import bundle, pipeline
from tasks.params import FeaturesParams, TrainParams

columns = FeaturesParams.model_validate_json(sys.argv[2])
pool = pd.read_parquet(sys.argv[1])
for learner in sys.argv[3:]:
    train = TrainParams(learner=learner)
    labels = pool[["item_id", "label"]].head(60)
    model, _ = pipeline.fit(pool, labels, columns, train, ["cat", "dog", "owl", "yak"], 0)
    print(hashlib.sha256(bundle.dump(model)).hexdigest())
"""


@pytest.fixture(scope="module")
def models(pool, labels, features, classes):
    fits = (
        pipeline.fit(pool, labels, features, TrainParams(learner=learner), classes, 0)
        for learner in LEARNERS
    )
    return [model for model, _ in fits]


@pytest.fixture(scope="module")
def small():
    points = np.array([[0.0], [1.0]])
    return bundle.dump(LogisticRegression().fit(points, np.array(["a", "b"], dtype=object)))


def test_bytes_are_the_same_in_another_process(models, pool, features, tmp_path):
    pool.to_parquet(tmp_path / "pool.parquet")
    command = [sys.executable, "-W", "error", "-c", ELSEWHERE, str(tmp_path / "pool.parquet")]
    done = subprocess.run(
        [*command, features.model_dump_json(), *LEARNERS],
        env={**os.environ, "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    here = [hashlib.sha256(bundle.dump(model)).hexdigest() for model in models]
    assert done.stdout.split() == here


@pytest.mark.parametrize("which", [0, 1], ids=LEARNERS)
def test_a_loaded_model_predicts_exactly_the_same(models, pool, classes, tmp_path, which):
    path = tmp_path / "model.skops"
    path.write_bytes(bundle.dump(models[which]))
    loaded = bundle.load(path)
    np.testing.assert_array_equal(
        bundle.predict_proba(loaded, pool, classes),
        bundle.predict_proba(models[which], pool, classes),
    )


@pytest.mark.parametrize("which", [0, 1], ids=LEARNERS)
def test_bytes_survive_use_and_loading(models, pool, classes, which):
    content = bundle.dump(models[which])
    bundle.predict_proba(models[which], pool, classes)
    assert bundle.dump(models[which]) == content
    assert bundle.dump(bundle.parse(content)) == content


def test_every_item_has_its_probabilities_however_many_fit_into_memory(
    models, pool, classes, monkeypatch
):
    whole = bundle.predict_proba(models[0], pool, classes)
    monkeypatch.setattr(bundle, "ROWS", 7)
    np.testing.assert_allclose(bundle.predict_proba(models[0], pool, classes), whole)


def test_no_items_have_no_probabilities(models, pool, classes):
    assert bundle.predict_proba(models[0], pool.head(0), classes).shape == (0, 4)


def test_an_empty_file_is_no_model(tmp_path):
    (tmp_path / "model.skops").write_bytes(bundle.NO_MODEL)
    assert bundle.load(tmp_path / "model.skops") is None


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.skops: is missing"):
        bundle.load(tmp_path / "nowhere.skops")


def test_foreign_types_are_refused():
    trap = canonical(skops.io.dumps(FunctionTransformer(shutil.rmtree)), "")
    with pytest.raises(DataError, match=r"refused as a model.*shutil\.rmtree"):
        bundle.parse(trap)


def test_what_could_not_be_loaded_is_not_written():
    with pytest.raises(DataError, match=r"shutil\.rmtree cannot be stored"):
        bundle.dump(FunctionTransformer(shutil.rmtree))


def test_a_pickle_is_refused_unread(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    with pytest.raises(DataError, match="is refused as a model"):
        bundle.parse(pickle.dumps(Trap()))
    assert not (tmp_path / "sprung").exists()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_harmless(small, data):
    position = data.draw(st.integers(0, len(small) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = bytearray(small)
    damaged[position] ^= 1 << bit
    points = np.array([[0.3], [0.7]])
    try:
        model = bundle.parse(bytes(damaged))
    except DataError:
        return
    expected = bundle.parse(small).predict_proba(points)
    np.testing.assert_array_equal(model.predict_proba(points), expected)


def test_a_file_cut_short_is_refused(small):
    with pytest.raises(DataError, match="is refused as a model"):
        bundle.parse(small[: len(small) // 2])


@pytest.mark.filterwarnings("ignore")
def test_another_version_is_named(small):
    old = _rewritten(small, b'\\"1.', b'\\"0.')
    with pytest.raises(DataError, match=r"was written by lightgbm .*scikit-learn .*; this is"):
        bundle.parse(old)


def test_knows_whether_it_was_written_here(small):
    assert bundle.is_current(small)
    assert not bundle.is_current(bundle.NO_MODEL)
    assert not bundle.is_current(skops.io.dumps(LogisticRegression()))


def test_a_class_that_was_taken_away_is_named(models, pool):
    with pytest.raises(DataError, match=r"campaign\.classes: the model knows a class 'owl'"):
        bundle.predict_proba(models[0], pool, ["cat", "dog"])


def test_a_missing_column_is_named(models, pool, classes):
    with pytest.raises(DataError, match="column 'note': is missing"):
        bundle.predict_proba(models[0], pool.drop(columns="note"), classes)


def test_a_vector_of_another_length_is_named(models, pool, classes):
    wrong = pool.head(1).assign(vector=pd.Series([[1.0]], dtype=object))
    with pytest.raises(DataError, match=r"column 'vector'.*has length 1, others have 4"):
        bundle.predict_proba(models[0], wrong, classes)


def _rewritten(content, old, new):
    found = archive.files(content)
    changed = {**found, SCHEMA: found[SCHEMA].replace(old, new)}
    return zipped(changed, archive.comment(content))
