"""What labels say of their confidence is how often they are right."""

import json

import pandas as pd
import pytest
from delivery.campaigns import desk, desks, items, ledger, make, open_round, params

from tasks import campaign as at
from tasks import collect, push, review
from tasks.domain import tables

POOL, GOLD = 240, 150


def reviewed(root, *, redundancy, gold=0.75, min_confidence=0.0):
    """Have all items of a pool labelled by annotators of whom many are bad; gold goes with them."""
    campaign = make(root, pool=POOL, gold=GOLD, holdout=4, selected=200)
    given = params(
        campaign={"budget": 1000.0},
        score={"batch": 200},
        push={"redundancy": redundancy, "gold": gold},
        review={"aggregator": "dawid_skene", "min_confidence": min_confidence},
        vendor={"options": {"annotators": 12, "accuracy": 0.7, "accuracy_spread": 0.2}},
    )
    books = ledger(campaign)
    push.run(campaign, given)
    push.deliver(campaign, given, books, desk(campaign, given))
    while not collect.look(campaign, given, books, desks(campaign, given)).done:
        pass
    collect.run(campaign, given)
    review.run(campaign, given)
    labels = tables.read(campaign.path(at.LABELS)).set_index("item_id")
    truth = pd.concat([items("pool", POOL), items("hold", 4)]).set_index("item_id")["label"]
    right = labels["label"] == truth[labels.index]
    return labels, right, json.loads(campaign.path(at.QUALITY).read_text()), campaign, given


@pytest.mark.parametrize("redundancy", [1, 3])
def test_stated_confidence_is_near_the_share_of_right_labels(tmp_path, redundancy):
    labels, right, quality, *_ = reviewed(tmp_path, redundancy=redundancy)
    on_gold = quality["gold_labels"]
    assert on_gold["confidence"] == pytest.approx(on_gold["accuracy"]["value"], abs=0.05)
    # By chance annotators were less often right on 150 gold items than on 200 others.
    assert labels["confidence"].mean() == pytest.approx(right.mean(), abs=0.15)
    assert labels["confidence"].max() < 1
    assert quality["calibration"]["known_items"] == GOLD
    assert quality["gold_labels"]["accuracy"]["n"] == GOLD


def test_without_gold_it_is_said_that_nothing_was_calibrated_on(tmp_path):
    labels, _, quality, *_ = reviewed(tmp_path, redundancy=1, gold=0.0)
    assert quality["calibration"]["known_items"] == 0
    assert quality["gold_labels"]["confidence"] is None
    assert labels["confidence"].between(0.4, 0.8).all()


def test_min_confidence_asks_again_for_more_than_ties(tmp_path):
    labels, right, _, campaign, given = reviewed(tmp_path, redundancy=3, min_confidence=0.7)
    unsure = labels["status"] == "low_confidence"
    assert (labels.loc[unsure, "confidence"] < 0.7).all()
    assert right[unsure].mean() < right[~unsure].mean()
    open_round(campaign, 1, [])
    push.run(campaign, given)
    asked = tables.read(campaign.path(at.BATCH))
    assert set(asked["item_id"]) >= set(labels.index[unsure])
