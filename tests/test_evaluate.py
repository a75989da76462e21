import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tasks import campaign as at
from tasks import evaluate
from tasks.campaign import Campaign
from tasks.domain import tables
from tasks.domain.errors import DataError
from tasks.modeling import bundle
from tasks.params import CampaignParams, EvaluateParams, FeaturesParams, Params, TrainParams

CLASSES = ["cat", "dog", "owl"]


@pytest.fixture
def params():
    """Only the sections that the stage declares."""
    return Params.model_construct(
        campaign=CampaignParams(name="test", seed=3, budget=None, classes=CLASSES),
        features=FeaturesParams(numeric=["x"]),
        train=TrainParams(learner="logistic_regression"),
        evaluate=EvaluateParams(holdout_per_round=None, resamples=200, confidence=0.9),
    )


@pytest.fixture
def items():
    rng = np.random.default_rng(0)
    kinds = np.arange(90) % 3
    return pd.DataFrame(
        {
            "item_id": [f"i{n:02d}" for n in range(90)],
            "x": kinds + rng.normal(0, 0.6, 90),
            "label": np.array(CLASSES)[kinds],
        }
    )


def labels(frame, role="query", status="labelled"):
    return pd.DataFrame(
        {
            "item_id": frame["item_id"],
            "label": frame["label"],
            "confidence": 1.0,
            "status": status,
            "role": role,
            "n_answers": 1,
            "answer_ids": [[] for _ in range(len(frame))],
            "aggregator": "majority",
            "round": 0,
        }
    )


@pytest.fixture
def campaign(tmp_path, items):
    """Items 0 to 39 are labelled, 40 to 59 are not, 60 to 89 are held out."""
    campaign = Campaign(tmp_path)
    put(campaign, at.POOL, items.iloc[:60].drop(columns="label"))
    put(campaign, at.HOLDOUT, items.iloc[60:])
    tables.write(campaign.path(at.LABELS), labels(items.iloc[:40]), tables.LABELS)
    return campaign


def put(campaign, name, frame):
    tables.write_items(campaign.path(name), pa.Table.from_pandas(frame, preserve_index=False))


def metrics(campaign):
    return json.loads(campaign.path(at.METRICS).read_text())


def predictions(campaign):
    return tables.read(campaign.path(at.PREDICTIONS))


def test_predictions_are_the_models_and_metrics_are_theirs(campaign, params, items):
    summary = evaluate.run(campaign, params)
    model = bundle.load(campaign.path(at.MODEL))
    probabilities = bundle.predict_proba(model, items.iloc[60:], CLASSES)
    told = predictions(campaign)
    assert told["item_id"].tolist() == items["item_id"].iloc[60:].tolist()
    assert told["predicted"].tolist() == [CLASSES[k] for k in probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(told["probability"], probabilities.max(axis=1))
    accuracy = metrics(campaign)["accuracy"]
    assert accuracy["value"] == (told["label"] == told["predicted"]).mean() == summary["accuracy"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    loss = -np.log(told["probability_of_label"]).mean()
    assert metrics(campaign)["log_loss"]["value"] == pytest.approx(loss)


def test_classes_that_were_bought_fill_in_for_unknown_ones(campaign, params, items):
    held_out = items.iloc[60:].copy()
    held_out["label"] = held_out["label"].where(np.arange(30) < 10)
    put(campaign, at.HOLDOUT, held_out)
    bought = labels(items.iloc[70:75].assign(label="owl"), role="holdout")
    doubtful = labels(items.iloc[75:77], role="holdout", status="low_confidence")
    table = pd.concat([labels(items.iloc[:40]), bought, doubtful])
    tables.write(campaign.path(at.LABELS), table, tables.LABELS)
    summary = evaluate.run(campaign, params)
    assert (summary["holdout"], summary["without_class"]) == (15, 15)
    told = predictions(campaign).set_index("item_id")["label"]
    assert told.loc["i60":"i69"].tolist() == items["label"].iloc[60:70].tolist()
    assert told.loc["i70":].tolist() == ["owl"] * 5


def test_labels_of_the_holdout_are_never_trained_on(campaign, params, items):
    evaluate.run(campaign, params)
    before = campaign.path(at.MODEL).read_bytes()
    table = pd.concat([labels(items.iloc[:40]), labels(items.iloc[60:], role="holdout")])
    tables.write(campaign.path(at.LABELS), table, tables.LABELS)
    evaluate.run(campaign, params)
    assert campaign.path(at.MODEL).read_bytes() == before


def test_order_of_rows_changes_no_bit(campaign, params, items):
    evaluate.run(campaign, params)
    before = [campaign.path(name).read_bytes() for name in evaluate.STAGE.outputs]
    put(campaign, at.POOL, items.iloc[:60].drop(columns="label").iloc[::-1])
    put(campaign, at.HOLDOUT, items.iloc[60:].sample(frac=1, random_state=0))
    evaluate.run(campaign, params)
    assert [campaign.path(name).read_bytes() for name in evaluate.STAGE.outputs] == before


def test_without_a_model_there_are_no_predictions_and_no_metrics(campaign, params, items):
    tables.write(campaign.path(at.LABELS), labels(items.iloc[:1]), tables.LABELS)
    summary = evaluate.run(campaign, params)
    assert metrics(campaign) == {}
    assert predictions(campaign).empty
    assert campaign.path(at.MODEL).read_bytes() == bundle.NO_MODEL
    assert summary["note"] == "no metrics: there is no model"


@pytest.mark.parametrize("rows", [0, 30])
def test_without_a_known_class_in_the_holdout_there_are_no_metrics(campaign, params, items, rows):
    put(campaign, at.HOLDOUT, items.iloc[60 : 60 + rows].assign(label=None))
    summary = evaluate.run(campaign, params)
    assert metrics(campaign) == {}
    assert predictions(campaign).empty
    assert bundle.load(campaign.path(at.MODEL)) is not None
    assert summary["note"] == "no metrics: no holdout item has a class"
    assert summary["without_class"] == rows


def test_names_the_holdout_item_of_an_unknown_class(campaign, params, items):
    put(campaign, at.HOLDOUT, items.iloc[60:].assign(label="cow"))
    with pytest.raises(DataError, match=r"data/holdout\.parquet, item_id i60: .*'cow'"):
        evaluate.run(campaign, params)


def test_a_class_without_labels_counts_as_always_wrong(campaign, params, items):
    known = items.iloc[:40]
    tables.write(campaign.path(at.LABELS), labels(known[known["label"] != "owl"]), tables.LABELS)
    evaluate.run(campaign, params)
    assert metrics(campaign)["recall/owl"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    told = predictions(campaign)
    assert (told.loc[told["label"] == "owl", "probability_of_label"] == 0).all()


def test_reads_and_writes_what_it_declares(campaign, params):
    there = {path for path in campaign.root.rglob("*") if path.is_file()}
    assert there == {campaign.path(name) for name in evaluate.STAGE.inputs}
    evaluate.run(campaign, params)
    written = {path for path in campaign.root.rglob("*") if path.is_file()} - there
    assert written == {campaign.path(name) for name in evaluate.STAGE.outputs}
