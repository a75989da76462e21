import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tasks import campaign as at
from tasks import params as parameters
from tasks import score
from tasks.campaign import Campaign
from tasks.domain import digests, randomness, tables
from tasks.domain.files import pretty_json, write_atomic
from tasks.modeling import bundle, trainer

N = 60
CONTENT = {
    "campaign": {"name": "test", "seed": 3, "budget": None, "classes": ["left", "right", "never"]},
    "pool": {"source": "data/source", "id": "item_id"},
    "features": {"numeric": ["x", "y"]},
    "train": {"learner": "logistic_regression", "calibrate": False},
    "score": {
        "batch": 10,
        "runners_up": 2,
        "strategies": {"shares": {"margin": 0.8, "uniform": 0.2}},
        "cold_start": {"shares": {"kmeans": 0.5, "uniform": 0.5}},
    },
    "push": {"redundancy": 1, "gold": 0.0},
    "vendor": {
        "name": "simulated",
        "send": ["x"],
        "price": 0.1,
        "pseudonyms": False,
        "options": {},
    },
    "collect": {"fallback": None},
    "review": {"aggregator": "majority", "max_answers": 5},
    "evaluate": {"holdout_per_round": None},
    "stop": {},
    "tracking": {"experiment": "test"},
}


@pytest.fixture
def params():
    return parameters.parse(yaml.safe_dump(CONTENT, sort_keys=False))


@pytest.fixture
def pool():
    rng = np.random.default_rng(2)
    ids = [f"item-{number:03}" for number in range(N)]
    return pd.DataFrame({"item_id": ids, "x": rng.normal(size=N), "y": rng.normal(size=N)})


@pytest.fixture
def campaign(tmp_path, pool):
    """Lay out a round 2 without a model, with nothing labelled and nothing sent."""
    found = Campaign(tmp_path)
    write_atomic(found.path(at.ROUND), pretty_json({"round": 2, "base": {}}))
    write_pool(found, pool)
    write_known(found, [], [])
    write_atomic(found.path(at.QUERY_MODEL), bundle.NO_MODEL)
    card = {"fitted": False, "reason": "fewer than 2 classes labelled"}
    write_atomic(found.path(at.QUERY_CARD), pretty_json(card))
    return found


def write_pool(campaign, pool):
    tables.write_items(campaign.path(at.POOL), pa.Table.from_pandas(pool, preserve_index=False))


def write_known(campaign, labelled, sent):
    labels = tables.LABELS.empty().reindex(range(len(labelled)))
    labels = labels.assign(
        item_id=labelled,
        label=["left" if number % 2 else "right" for number in range(len(labelled))],
        status="labelled",
        role="query",
        n_answers=1,
        round=0,
    )
    tables.write(campaign.path(at.BASE_LABELS), labels, tables.LABELS)
    asked = tables.SENT.empty().reindex(range(len(sent)))
    asked = asked.assign(
        item_id=sent, role="query", copy=1, copies=1, withdrawn=0, round=1, rejected=False
    )
    tables.write(campaign.path(at.BASE_SENT), asked, tables.SENT)


def fit(campaign, params, pool):
    write_known(campaign, list(pool["item_id"][:20]), [])
    labels = tables.read(campaign.path(at.BASE_LABELS))
    model, card = trainer.train(pool, labels, params)
    write_atomic(campaign.path(at.QUERY_MODEL), model)
    write_atomic(campaign.path(at.QUERY_CARD), pretty_json(card))


def decisions(campaign):
    return tables.read(campaign.path(at.DECISIONS))


def test_without_a_model_it_starts_cold_and_says_why(campaign, params):
    told = score.run(campaign, params)
    frame = decisions(campaign)
    assert told["cold_start"]
    assert told["cold_start_reason"] == "fewer than 2 classes labelled"
    assert told["by_strategy"] == {"kmeans": 5, "uniform": 5}
    assert (frame["model_digest"] == "").all()
    assert frame[["class_1", "probability_1", "class_2", "probability_2"]].isna().all(axis=None)
    assert (frame["round"] == 2).all()


def test_with_a_model_it_asks_where_the_model_is_torn(campaign, params, pool):
    fit(campaign, params, pool)
    told = score.run(campaign, params)
    frame = decisions(campaign)
    assert not told["cold_start"]
    assert told["by_strategy"] == {"margin": 8, "uniform": 2}
    assert told["candidates"] == N - 20
    assert not set(frame["item_id"]) & set(pool["item_id"][:20])
    margin = 1 - (frame["probability_1"] - frame["probability_2"])
    component = [json.loads(text)["margin"] for text in frame["components"]]
    assert component == pytest.approx(margin.tolist())
    model = digests.of_file(campaign.path(at.QUERY_MODEL)).sha256
    assert set(frame["model_digest"]) == {model}
    assert set(frame["pool_digest"]) == {digests.of_file(campaign.path(at.POOL)).sha256}
    assert told["cutoffs"]["margin"] == frame["cutoff"][0]


def test_the_file_has_the_declared_columns_and_all_runners_up(campaign, params):
    told = score.run(campaign, params)
    stored = pq.read_schema(campaign.path(at.DECISIONS))
    assert stored.equals(tables.DECISIONS.schema)
    frame = decisions(campaign)
    assert frame["rank"].tolist() == list(range(1, 31))
    assert frame["selected"].tolist() == [True] * 10 + [False] * 20
    assert (told["selected"], told["runners_up"], told["short"]) == (10, 20, False)


def test_the_order_of_the_pool_does_not_matter(campaign, params, pool):
    fit(campaign, params, pool)
    score.run(campaign, params)
    first = decisions(campaign).drop(columns="pool_digest")
    write_pool(campaign, pool.sample(frac=1, random_state=5))
    score.run(campaign, params)
    pd.testing.assert_frame_equal(first, decisions(campaign).drop(columns="pool_digest"))


def test_the_same_inputs_give_the_same_bytes_and_another_round_another_draw(campaign, params):
    score.run(campaign, params)
    first = campaign.path(at.DECISIONS).read_bytes()
    drawn = set(decisions(campaign).query("strategy == 'uniform'")["item_id"])
    score.run(campaign, params)
    assert campaign.path(at.DECISIONS).read_bytes() == first
    write_atomic(campaign.path(at.ROUND), pretty_json({"round": 3, "base": {}}))
    score.run(campaign, params)
    assert set(decisions(campaign).query("strategy == 'uniform'")["item_id"]) != drawn


def test_each_strategy_draws_from_a_stream_of_its_own(campaign, params, pool):
    score.run(campaign, params)
    drawn = randomness.generator(3, 2, "score/uniform").random(N)
    expected = dict(zip(pool["item_id"], drawn, strict=True))
    for item_id, text in decisions(campaign)[["item_id", "components"]].itertuples(index=False):
        assert json.loads(text)["uniform"] == expected[item_id]


def test_a_batch_larger_than_what_is_left_takes_all_and_says_so(campaign, params, pool):
    write_known(campaign, list(pool["item_id"][:50]), list(pool["item_id"][50:53]))
    told = score.run(campaign, params)
    assert (told["short"], told["selected"], told["candidates"]) == (True, 7, 7)
    frame = decisions(campaign)
    assert set(frame["item_id"]) == set(pool["item_id"][53:])
    assert frame["selected"].all()
    assert (frame["inclusion_probability"] == 1).all()


def test_nothing_left_is_an_empty_batch(campaign, params, pool):
    fit(campaign, params, pool)
    write_known(campaign, list(pool["item_id"]), [])
    told = score.run(campaign, params)
    assert (told["short"], told["selected"], told["candidates"]) == (True, 0, 0)
    assert pq.read_schema(campaign.path(at.DECISIONS)).equals(tables.DECISIONS.schema)
    assert decisions(campaign).empty


def test_the_summary_is_plain_json(campaign, params):
    told = score.run(campaign, params)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
