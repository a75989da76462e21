import json

import pandas as pd
import pytest
from delivery.campaigns import desk, desks, items, ledger, make, open_round, params

from tasks import campaign as at
from tasks import collect, push, registry, review
from tasks.domain import tables

GOLD = {"value": None, "low": None, "high": None, "n": 0}


@pytest.fixture
def campaign(tmp_path):
    return make(tmp_path)


def answered(campaign, given):
    """Send the open round's batch, wait for it, and review what came."""
    push.run(campaign, given)
    books = ledger(campaign)
    push.deliver(campaign, given, books, desk(campaign, given))
    while not collect.look(campaign, given, books, desks(campaign, given)).done:
        pass
    collect.run(campaign, given)
    return review.run(campaign, given)


def labels(campaign):
    return tables.read(campaign.path(at.LABELS)).set_index("item_id")


def truth():
    known = pd.concat([items("pool", 40), items("hold", 4)])
    return known.set_index("item_id")["label"]


def vendor(**options):
    return {
        "name": "simulated",
        "send": ["height"],
        "price": 0.1,
        "pseudonyms": False,
        "options": options,
    }


def test_perfect_annotators_make_perfect_labels(campaign):
    summary = answered(campaign, params(vendor=vendor(accuracy=1.0)))
    assert summary == {
        "alpha": 1.0,
        "alpha_round": 1.0,
        "gold_accuracy": {"value": 1.0, "low": pytest.approx(0.3, abs=0.1), "high": 1.0, "n": 4},
        "gold_labels": {
            "confidence": 1.0,
            "accuracy": {"value": 1.0, "low": pytest.approx(0.34, abs=0.01), "high": 1.0, "n": 2},
        },
        "calibration": None,
        "answers": 24,
        "late": 0,
        "labelled": 10,
        "low_confidence": 0,
        "returned": 0,
        "quarantined": 0,
    }
    assert json.loads(campaign.path(at.QUALITY).read_text()) == summary
    found = labels(campaign)
    assert found["label"].to_dict() == truth()[found.index].to_dict()
    assert found["role"].value_counts().to_dict() == {"query": 8, "holdout": 2}
    assert set(found["status"]) == {"labelled"}
    assert set(found["round"]) == {0}


def test_every_label_stands_on_its_answers(campaign):
    answered(campaign, params(vendor=vendor(accuracy=0.7, revise_rate=0.5)))
    answers = tables.read(campaign.path(at.ANSWERS))
    newest = answers.sort_values("revision").groupby("answer_id").last()
    for item, row in labels(campaign).iterrows():
        ids = list(row["answer_ids"])
        assert sorted(newest.index[newest["item_id"] == item]) == ids
        assert len(ids) == row["n_answers"] == 2
        assert row["confidence"] == (newest.loc[ids, "label"] == row["label"]).mean()


def test_an_uncertain_item_gets_another_answer_until_it_is_sure(campaign):
    given = params(vendor=vendor(accuracy=0.6, accuracy_spread=0.0))
    answered(campaign, given)
    before = labels(campaign)
    unsure = before.index[before["status"] == "low_confidence"]
    assert len(unsure) > 0
    open_round(campaign, 1, [])
    answered(campaign, given)
    after = labels(campaign)
    assert (after.loc[unsure, "n_answers"] == 3).all()
    assert (after.loc[unsure, "round"] == 0).all()
    assert (after.loc[unsure, "role"] == before.loc[unsure, "role"]).all()
    settled = before.index.difference(unsure)
    pd.testing.assert_frame_equal(after.loc[settled], before.loc[settled])
    open_round(campaign, 2, [])
    answered(campaign, given)
    open_round(campaign, 3, [])
    answered(campaign, given)
    last = labels(campaign)
    assert (last["n_answers"] <= 5).all()
    assert (last.loc[last["n_answers"] == 5, "status"] != "low_confidence").all()


def test_an_item_may_go_back_to_the_pool_and_be_asked_again(campaign):
    policy = {"aggregator": "majority", "min_confidence": 0.6, "low_confidence": "back_to_pool"}
    given = params(review=policy, vendor=vendor(accuracy=0.6, accuracy_spread=0.0))
    answered(campaign, given)
    found = labels(campaign)
    back = found.index[found["status"] == "returned"]
    assert len(back) > 0
    assert found.loc[back, "label"].isna().all()
    open_round(campaign, 1, list(back))
    answered(campaign, given)
    assert (labels(campaign).loc[back, "n_answers"] == 4).all()
    assert tables.read(campaign.path(at.QUARANTINE)).empty


def test_one_answer_each_says_nothing_of_agreement(campaign):
    given = params(push={"redundancy": 1, "gold": 0.0})
    summary = answered(campaign, given)
    assert (summary["alpha"], summary["alpha_round"]) == (None, None)
    assert summary["gold_accuracy"] == GOLD


def test_annotators_are_described(campaign):
    answered(campaign, params(vendor=vendor(accuracy=1.0)))
    table = tables.read(campaign.path(at.ANNOTATORS))
    assert table["n_answers"].sum() == 24
    assert table["n_gold"].sum() == 4
    assert table["agreement"].dropna().eq(1.0).all()


@pytest.mark.parametrize("name", registry.names("aggregators"))
def test_the_same_inputs_give_the_same_bytes(campaign, name):
    given = params(review={"aggregator": name}, vendor=vendor(accuracy=0.7))
    answered(campaign, given)
    names = (at.LABELS, at.ANNOTATORS, at.QUALITY)
    first = [campaign.path(one).read_bytes() for one in names]
    answers = tables.read(campaign.path(at.ANSWERS)).sample(frac=1, random_state=0)
    answers.to_parquet(campaign.path(at.ANSWERS), index=False)
    review.run(campaign, given)
    assert [campaign.path(one).read_bytes() for one in names] == first


def test_without_any_answer_labels_stay_as_they_were(campaign):
    seed = pd.DataFrame(
        [("pool-030", "ash", 1.0, "labelled", "seed", 0, [], "known", -1)],
        columns=list(tables.LABELS.columns),
    )
    tables.write(campaign.path(at.BASE_LABELS), seed, tables.LABELS)
    holdout = pd.read_parquet(campaign.path(at.HOLDOUT))
    holdout.assign(label="ash").to_parquet(campaign.path(at.HOLDOUT), index=False)
    open_round(campaign, 1, [])
    summary = answered(campaign, params())
    assert campaign.path(at.LABELS).read_bytes() == campaign.path(at.BASE_LABELS).read_bytes()
    assert (summary["answers"], summary["labelled"]) == (0, 1)
