import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tasks import campaign as at
from tasks import evaluate, train
from tasks.campaign import Campaign
from tasks.domain import tables
from tasks.domain.errors import DataError
from tasks.domain.files import pretty_json, write_atomic
from tasks.modeling import bundle
from tasks.params import CampaignParams, EvaluateParams, FeaturesParams, Params, TrainParams

CLASSES = ["cat", "dog", "owl"]


@pytest.fixture(params=["logistic_regression", "lightgbm"])
def params(request):
    """Only the sections that the stages declare."""
    campaign = CampaignParams(name="test", seed=3, budget=None, classes=CLASSES)
    return Params.model_construct(
        campaign=campaign,
        features=FeaturesParams(numeric=["x"], embedding=["v"]),
        train=TrainParams(learner=request.param),
        evaluate=EvaluateParams(holdout_per_round=None),
    )


@pytest.fixture
def pool():
    rng = np.random.default_rng(0)
    kinds = np.arange(40) % 2
    return pd.DataFrame(
        {
            "item_id": [f"i{n:02d}" for n in range(40)],
            "x": kinds + rng.normal(0, 0.7, 40),
            "v": list(rng.normal(size=(40, 3))),
        }
    )


def labels(n, role="query", status="labelled", classes=("cat", "dog")):
    return pd.DataFrame(
        {
            "item_id": [f"i{k:02d}" for k in range(n)],
            "label": [classes[k % len(classes)] for k in range(n)],
            "confidence": 1.0,
            "status": status,
            "role": role,
            "n_answers": 1,
            "answer_ids": [[f"a{k}"] for k in range(n)],
            "aggregator": "majority",
            "round": 0,
        }
    )


@pytest.fixture
def campaign(tmp_path, pool):
    campaign = Campaign(tmp_path)
    tables.write_items(campaign.path(at.POOL), pa.Table.from_pandas(pool, preserve_index=False))
    write_atomic(campaign.path(at.BASE_MODEL), bundle.NO_MODEL)
    card = {"fitted": False, "inputs": None, "reason": "no round is finished yet"}
    write_atomic(campaign.path(at.BASE_CARD), pretty_json(card))
    return campaign


def give(campaign, frame, name=at.BASE_LABELS):
    tables.write(campaign.path(name), frame, tables.LABELS)


def outputs(campaign):
    return [campaign.path(name).read_bytes() for name in train.STAGE.outputs]


def test_writes_the_model_and_its_card(campaign, params, pool):
    give(campaign, labels(30))
    summary = train.run(campaign, params)
    model = bundle.load(campaign.path(at.QUERY_MODEL))
    np.testing.assert_allclose(bundle.predict_proba(model, pool, CLASSES).sum(axis=1), 1)
    card = json.loads(campaign.path(at.QUERY_CARD).read_text())
    assert card["fitted"]
    assert card["n_labels"] == summary["n_labels"] == 30
    assert summary["reused"] is False


@pytest.mark.parametrize(
    "frame", [tables.LABELS.empty(), labels(1), labels(5, classes=["owl"]), labels(6, role="gold")]
)
def test_fewer_than_two_classes_give_an_empty_file_and_the_reason(campaign, params, frame):
    give(campaign, frame)
    summary = train.run(campaign, params)
    assert campaign.path(at.QUERY_MODEL).read_bytes() == bundle.NO_MODEL
    card = json.loads(campaign.path(at.QUERY_CARD).read_text())
    assert card["fitted"] is False
    assert card["reason"] == summary["reason"] == "fewer than 2 classes labelled"


@pytest.mark.parametrize("different", [{"role": "gold"}, {"status": "low_confidence"}])
def test_labels_that_may_not_be_trained_on_change_nothing(campaign, params, different):
    give(campaign, labels(20))
    train.run(campaign, params)
    before = outputs(campaign)
    more = labels(40).iloc[20:].assign(**different)
    give(campaign, pd.concat([labels(20), more]))
    train.run(campaign, params)
    assert outputs(campaign) == before


def test_names_labelled_items_that_left_the_pool(campaign, params):
    give(campaign, labels(41))
    with pytest.raises(DataError, match=r"i40.*no longer in the pool"):
        train.run(campaign, params)
    assert not campaign.path(at.QUERY_MODEL).exists()


def test_the_last_snapshots_model_is_taken_over(campaign, params):
    base_is_what_evaluate_wrote(campaign, params)
    before = [campaign.path(name).read_bytes() for name in (at.BASE_MODEL, at.BASE_CARD)]
    assert train.run(campaign, params)["reused"] is True
    assert outputs(campaign) == before


def test_taking_over_and_training_give_the_same_bytes(campaign, params):
    base_is_what_evaluate_wrote(campaign, params)
    train.run(campaign, params)
    taken_over = outputs(campaign)
    assert train.run(campaign, params, reuse=False)["reused"] is False
    assert outputs(campaign) == taken_over


@pytest.mark.parametrize("changed", ["labels", "params", "pool", "version"])
def test_a_model_of_something_else_is_not_taken_over(campaign, params, pool, changed):
    base_is_what_evaluate_wrote(campaign, params)
    if changed == "labels":
        give(campaign, labels(29))
    elif changed == "params":
        options = TrainParams(learner=params.train.learner, calibrate=False)
        params = params.model_copy(update={"train": options})
    elif changed == "pool":
        arrow = pa.Table.from_pandas(pool.assign(x=pool["x"] + 1), preserve_index=False)
        tables.write_items(campaign.path(at.POOL), arrow)
    else:
        path = campaign.path(at.BASE_MODEL)
        path.write_bytes(path.read_bytes().replace(b"skops ", b"skopz "))
    assert train.run(campaign, params)["reused"] is False


def test_a_pool_that_grew_does_not_train_again(campaign, params, pool):
    base_is_what_evaluate_wrote(campaign, params)
    more = pd.concat([pool, pool.tail(3).assign(item_id=["j1", "j2", "j3"])])
    tables.write_items(campaign.path(at.POOL), pa.Table.from_pandas(more, preserve_index=False))
    assert train.run(campaign, params)["reused"] is True


def test_reads_and_writes_what_it_declares(campaign, params):
    give(campaign, labels(30))
    there = {str(path.relative_to(campaign.root)) for path in files(campaign)}
    assert there == set(train.STAGE.inputs)
    train.run(campaign, params)
    assert {str(p.relative_to(campaign.root)) for p in files(campaign)} - there == set(
        train.STAGE.outputs
    )


def test_importing_the_stages_is_cheap():
    heavy = "sklearn", "lightgbm", "skops", "scipy", "matplotlib"
    code = f"import sys, tasks.train, tasks.evaluate; print({heavy!r} & sys.modules.keys())"
    code = code.replace(repr(heavy), f"set({heavy!r})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def base_is_what_evaluate_wrote(campaign, params):
    """Close a round with 30 labels, and open the next one."""
    give(campaign, labels(30), at.LABELS)
    give(campaign, labels(30))
    pool = tables.read(campaign.path(at.POOL)).assign(label=None)
    holdout = pa.Table.from_pandas(pool.head(0), preserve_index=False)
    tables.write_items(campaign.path(at.HOLDOUT), holdout)
    tables.write_items(campaign.path(at.GOLD), holdout)
    write_atomic(campaign.path(at.ROUND), pretty_json({"round": 0, "base": {}}))
    for name, table in (
        (at.ANSWERS, tables.ANSWERS),
        (at.BASE_HOLDOUT_PREDICTIONS, tables.HOLDOUT_PREDICTIONS),
    ):
        tables.write(campaign.path(name), table.empty(), table)
    evaluate.run(campaign, params)
    for base, snapshot in ((at.BASE_MODEL, at.MODEL), (at.BASE_CARD, at.CARD)):
        write_atomic(campaign.path(base), campaign.path(snapshot).read_bytes())


def files(campaign):
    return [path for path in campaign.root.rglob("*") if path.is_file()]
