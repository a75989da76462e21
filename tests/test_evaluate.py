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
from tasks.domain.files import pretty_json, write_atomic
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
    put(campaign, at.GOLD, items.iloc[:0])
    write_atomic(campaign.path(at.ROUND), pretty_json({"round": 0, "base": {}}))
    tables.write(campaign.path(at.LABELS), labels(items.iloc[:40]), tables.LABELS)
    tables.write(campaign.path(at.ANSWERS), tables.ANSWERS.empty(), tables.ANSWERS)
    past = tables.HOLDOUT_PREDICTIONS
    tables.write(campaign.path(at.BASE_HOLDOUT_PREDICTIONS), past.empty(), past)
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


def test_every_label_that_was_bought_counts_however_unsure(campaign, params, items):
    held_out = items.iloc[60:].copy()
    held_out["label"] = held_out["label"].where(np.arange(30) < 10)
    put(campaign, at.HOLDOUT, held_out)
    bought = labels(items.iloc[70:75].assign(label="owl"), role="holdout")
    doubtful = labels(items.iloc[75:77], role="holdout", status="low_confidence")
    table = pd.concat([labels(items.iloc[:40]), bought, doubtful])
    tables.write(campaign.path(at.LABELS), table, tables.LABELS)
    summary = evaluate.run(campaign, params)
    assert (summary["holdout"], summary["without_class"]) == (17, 13)
    told = predictions(campaign).set_index("item_id")["label"]
    assert told.loc["i60":"i69"].tolist() == items["label"].iloc[60:70].tolist()
    assert told.loc["i70":"i74"].tolist() == ["owl"] * 5
    assert told.loc["i75":].tolist() == items["label"].iloc[75:77].tolist()


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
    recall = metrics(campaign)["recall/owl"]
    assert (recall["value"], recall["low"]) == (0.0, 0.0)
    assert 0 < recall["high"] < 0.3
    told = predictions(campaign)
    assert (told.loc[told["label"] == "owl", "probability_of_label"] == 0).all()


def test_reads_and_writes_what_it_declares(campaign, params):
    there = {path for path in campaign.root.rglob("*") if path.is_file()}
    assert there == {campaign.path(name) for name in evaluate.STAGE.inputs}
    evaluate.run(campaign, params)
    written = {path for path in campaign.root.rglob("*") if path.is_file()} - there
    assert written == {campaign.path(name) for name in evaluate.STAGE.outputs}


def next_round(campaign, number):
    """Lay out what the round before left."""
    content = campaign.path(at.HOLDOUT_PREDICTIONS).read_bytes()
    write_atomic(campaign.path(at.BASE_HOLDOUT_PREDICTIONS), content)
    write_atomic(campaign.path(at.ROUND), pretty_json({"round": number, "base": {}}))


def comparison(campaign):
    return json.loads(campaign.path(at.COMPARISON).read_text())


def with_holdout(campaign, items, bought):
    table = pd.concat([labels(items.iloc[:40]), labels(bought, role="holdout")])
    tables.write(campaign.path(at.LABELS), table, tables.LABELS)


def test_keeps_what_every_round_said_of_every_item(campaign, params, items):
    put(campaign, at.HOLDOUT, items.iloc[60:].assign(label=None))
    with_holdout(campaign, items, items.iloc[60:70])
    evaluate.run(campaign, params)
    next_round(campaign, 1)
    with_holdout(campaign, items, items.iloc[60:80])
    evaluate.run(campaign, params)
    kept = tables.read(campaign.path(at.HOLDOUT_PREDICTIONS))
    assert kept.groupby("round")["item_id"].nunique().tolist() == [30, 30]
    assert kept.groupby("round")["label"].count().tolist() == [10, 20]
    chances = kept[[f"probability/{name}" for name in CLASSES]]
    np.testing.assert_allclose(chances.sum(axis=1), 1)


def test_past_rounds_are_measured_by_todays_labels(campaign, params, items):
    put(campaign, at.HOLDOUT, items.iloc[60:].assign(label=None))
    with_holdout(campaign, items, items.iloc[60:80].assign(label="owl"))
    evaluate.run(campaign, params)
    then = metrics(campaign)
    assert comparison(campaign) == []
    next_round(campaign, 1)
    with_holdout(campaign, items, items.iloc[60:90])
    evaluate.run(campaign, params)
    (past,) = comparison(campaign)
    wrong = int((items["label"].iloc[60:80] != "owl").sum())
    facts = [past[name] for name in ("round", "holdout", "labels_changed", "labels_added")]
    assert facts == [0, 30, wrong, 10]
    # The same model, as nothing new was learned: so the past is now what the present is.
    own = {name: metrics(campaign)[name] for name in past["metrics"]}
    assert past["metrics"] == own
    assert past["metrics"]["accuracy"]["value"] > then["accuracy"]["value"] + 0.2
    assert past["gained"]["accuracy"]["value"] == 0
    assert past["gained"]["accuracy"]["low"] < 0 < past["gained"]["accuracy"]["high"]


def test_without_new_labels_no_past_figure_moves_by_a_bit(campaign, params):
    evaluate.run(campaign, params)
    then = metrics(campaign)
    next_round(campaign, 1)
    evaluate.run(campaign, params)
    (past,) = comparison(campaign)
    assert past["metrics"] == {name: then[name] for name in past["metrics"]}


def test_a_class_that_came_later_had_no_chance_before(campaign, params, items):
    evaluate.run(campaign, params)
    next_round(campaign, 1)
    more = params.model_copy(
        update={"campaign": params.campaign.model_copy(update={"classes": [*CLASSES, "elk"]})}
    )
    evaluate.run(campaign, more)
    kept = tables.read(campaign.path(at.HOLDOUT_PREDICTIONS))
    assert (kept.loc[kept["round"] == 0, "probability/elk"] == 0).all()
    assert comparison(campaign)[0]["metrics"]["accuracy"]["value"] > 0.5


def test_the_largest_class_is_what_a_model_is_compared_with(campaign, params, items):
    held_out = items.iloc[60:].copy()
    held_out["label"] = ["owl"] * 29 + ["cat"]
    put(campaign, at.HOLDOUT, held_out)
    evaluate.run(campaign, params)
    found = metrics(campaign)
    assert found["baseline/accuracy"]["value"] == pytest.approx(29 / 30)
    assert found["baseline/balanced_accuracy"]["value"] == 0.5
    assert found["baseline/macro_f1"]["value"] == pytest.approx(29 / 59)
    gap = found["accuracy"]["value"] - found["baseline/accuracy"]["value"]
    assert found["above_baseline/accuracy"]["value"] == pytest.approx(gap)


def test_known_classes_have_no_label_error(campaign, params):
    evaluate.run(campaign, params)
    assert not [name for name in metrics(campaign) if name.startswith(("ceiling/", "label_error"))]


def test_doubt_of_bought_labels_is_a_ceiling(campaign, params, items):
    put(campaign, at.HOLDOUT, items.iloc[60:].assign(label=None))
    bought = labels(items.iloc[60:], role="holdout").assign(confidence=0.9)
    table = pd.concat([labels(items.iloc[:40]), bought])
    tables.write(campaign.path(at.LABELS), table, tables.LABELS)
    summary = evaluate.run(campaign, params)
    found = metrics(campaign)
    assert found["label_error"]["value"] == pytest.approx(0.1) == summary["label_error"]
    assert found["label_error"]["low"] < 0.1 < found["label_error"]["high"]
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        ceiling = found[f"ceiling/{name}"]
        assert ceiling["value"] == pytest.approx(0.9, abs=0.005)
        assert ceiling["low"] < 0.9 < ceiling["high"]
