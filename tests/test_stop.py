import json

import pandas as pd
import pytest
import yaml

from tasks import campaign as at
from tasks import params as parameters
from tasks import stop
from tasks.campaign import Campaign
from tasks.domain import tables
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.outlook import Outlook, RoundSummary
from tasks.stopping.max_rounds import MaxRounds
from tasks.stopping.pool_exhausted import PoolExhausted
from tasks.stopping.target import Target

METRICS = {"accuracy": {"value": 0.97, "low": 0.931, "high": 0.98}}
CONTENT = {
    "campaign": {"name": "test", "seed": 3, "budget": 9.0, "classes": ["cat", "dog", "owl"]},
    "pool": {"source": "data/source", "id": "item_id"},
    "features": {"numeric": ["x"]},
    "train": {"learner": "logistic_regression"},
    "score": {
        "batch": 10,
        "strategies": {"shares": {"margin": 1.0}},
        "cold_start": {"shares": {"uniform": 1.0}},
    },
    "push": {"redundancy": 3, "gold": 0.15},
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
    "stop": {"target": {"at_least": 0.95}, "max_rounds": {"rounds": 2}, "pool_exhausted": {}},
    "tracking": {"experiment": "test"},
}


def params(**changes):
    content = {name: {**CONTENT[name], **changes.get(name, {})} for name in CONTENT}
    return parameters.parse(yaml.safe_dump(content, sort_keys=False))


def labels(*rows):
    frame = pd.DataFrame(rows, columns=["item_id", "label", "status", "role"])
    return frame.assign(
        confidence=1.0,
        n_answers=1,
        answer_ids=[[] for _ in rows],
        aggregator="majority",
        round=1,
    )


def answers(*rows):
    frame = pd.DataFrame(rows, columns=["answer_id", "item_id", "revision", "price"])
    text = dict.fromkeys(["vendor", "annotator_id", "label", "answered_at"], "")
    return frame.assign(
        **text, key=frame["item_id"], role="query", round=1, seconds=1.0, late=False
    )


def sent(*rows):
    frame = pd.DataFrame(rows, columns=["item_id", "copies", "role", "round"])
    facts = {"copy": 1, "leg": 1, "vendor": "simulated", "withdrawn": 0, "rejected": False}
    return frame.assign(key=frame["item_id"], payload_digest="", price=0.1, **facts)


@pytest.fixture
def campaign(tmp_path):
    """Lay out a round 1: of six items two are labelled, one waits, one was given back."""
    found = Campaign(tmp_path)
    pool = pd.DataFrame({"item_id": list("abcdef"), "x": 0.0})
    known = labels(
        ("a", "cat", "labelled", "seed"),
        ("b", "dog", "labelled", "query"),
        ("c", "dog", "low_confidence", "query"),
        ("d", "dog", "returned", "query"),
        ("g", "cat", "labelled", "gold"),
        ("h", "cat", "labelled", "holdout"),
        ("gone", "cat", "labelled", "query"),
    )
    bought = answers(("1", "b", 0, 0.1), ("1", "b", 1, 0.1), ("2", "c", 0, 0.1), ("3", "d", 0, 0.2))
    asked = sent(
        ("b", 1, "query", 0), ("c", 2, "query", 1), ("e", 1, "query", 1),
        ("d", 1, "requeue", 1), ("g", 1, "gold", 1),
    )  # fmt: skip
    earlier = {"round": 0, "metrics": {}, "labels": 1, "answers": 0, "spent": 0.0, "alpha": None}
    for name, value in {
        at.ROUND: {"round": 1, "base": {}},
        at.BASE_HISTORY: [earlier],
        at.METRICS: METRICS,
        at.COMPARISON: [],
        at.QUALITY: {"alpha": 0.8, "gold_accuracy": {"value": 0.9, "n": 10}},
    }.items():
        write_atomic(found.path(name), pretty_json(value))
    quarantined = (
        tables.QUARANTINE.empty().reindex(range(2)).assign(round=1, page=0, position=[0, 1])
    )
    tables.write(found.path(at.POOL), pool, tables.Table(TYPES, sort=("item_id",)))
    for name, ids in {at.GOLD: ["g", "k"], at.HOLDOUT: ["h", "i"]}.items():
        apart = pd.DataFrame({"item_id": ids, "x": 0.0, "label": "cat"})
        tables.write(
            found.path(name), apart, tables.Table({**TYPES, "label": tables.TEXT}, ("item_id",))
        )
    tables.write(found.path(at.LABELS), known, tables.LABELS)
    tables.write(found.path(at.ANSWERS), bought, tables.ANSWERS)
    tables.write(found.path(at.SENT), asked, tables.SENT)
    tables.write(found.path(at.QUARANTINE), quarantined, tables.QUARANTINE)
    predicted = tables.PREDICTIONS.empty().reindex(range(40)).assign(item_id="h")
    tables.write(found.path(at.PREDICTIONS), predicted, tables.PREDICTIONS)
    return found


TYPES = {"item_id": tables.TEXT, "x": tables.REAL}


def read(campaign, name):
    return json.loads(campaign.path(name).read_text())


def test_adds_this_round_to_the_history(campaign):
    told = stop.run(campaign, params())
    before, this = read(campaign, at.HISTORY)
    assert before == read(campaign, at.BASE_HISTORY)[0] | {"gained": {}}
    assert this == {
        "round": 1,
        "metrics": METRICS,
        "measured": METRICS,
        "holdout": 40,
        "labels_changed": 0,
        "labels_added": 0,
        "gained": {},
        "labels": 2,
        "answers": 3,
        "spent": pytest.approx(0.4),
        "alpha": 0.8,
        "gold_accuracy": 0.9,
        "quarantined": 2,
        "batch": 2,
        "classes": {"cat": 1, "dog": 1, "owl": 0},
    }
    assert told["labels"] == 2
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_every_rule_is_asked_and_explains_itself(campaign):
    stop.run(campaign, params())
    decided = read(campaign, at.STOP)
    assert decided["stop"]
    assert decided["rule"] == "max_rounds"
    assert decided["reason"] == decided["rules"]["max_rounds"]["reason"]
    assert decided["go_on"] == "raise stop.max_rounds.rounds above 2"
    assert decided["rules"]["target"] == {
        "fires": False,
        "reason": "accuracy's lower end 0.931 is below 0.95, and is unreachable: 0.95 cannot be "
        "shown on a holdout of 40: the lower end would be 0.912 if all of them were right",
    }
    assert decided["rules"]["pool_exhausted"]["reason"] == "the pool has 2 left to query"


def test_past_rounds_get_the_metrics_of_todays_labels_and_keep_what_was_measured(campaign):
    then = {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}}
    (earlier,) = read(campaign, at.BASE_HISTORY)
    earlier |= {"metrics": then, "measured": then, "holdout": 30}
    write_atomic(campaign.path(at.BASE_HISTORY), pretty_json([earlier]))
    now = {"accuracy": {"value": 0.6, "low": 0.5, "high": 0.7}}
    gained = {"accuracy": {"value": 0.3, "low": 0.2, "high": 0.4}}
    past = {"round": 0, "metrics": now, "gained": gained, "holdout": 40}
    past |= {"labels_changed": 2, "labels_added": 10}
    write_atomic(campaign.path(at.COMPARISON), pretty_json([past]))
    stop.run(campaign, params())
    before, _ = read(campaign, at.HISTORY)
    assert before == earlier | past
    assert before["measured"] == then
    assert RoundSummary.of(before).is_revised
    assert not RoundSummary.of(earlier).is_revised


def test_twice_is_the_same_as_once(campaign):
    stop.run(campaign, params())
    first = [campaign.path(name).read_bytes() for name in (at.STOP, at.HISTORY)]
    stop.run(campaign, params())
    assert [campaign.path(name).read_bytes() for name in (at.STOP, at.HISTORY)] == first


def test_goes_on_when_no_rule_fires(campaign):
    told = stop.run(campaign, params(stop={"max_rounds": {"rounds": 9}}))
    assert (told["stop"], told["rule"], told["reason"]) == (False, None, None)


@pytest.mark.parametrize("order", [("pool_exhausted", "target"), ("target", "pool_exhausted")])
def test_of_several_that_fire_the_first_in_params_is_named(order):
    rules = {"max_rounds": MaxRounds(9)}
    rules |= {name: {"target": Target(), "pool_exhausted": PoolExhausted()}[name] for name in order}
    done = (RoundSummary(0, {"accuracy": {"low": 0.99}}, 1, 1, 1.0),)
    decided = stop.decide(rules, Outlook(done, None, 1.0, candidates=0))
    assert decided["rule"] == order[0]
    assert [name for name, said in decided["rules"].items() if said["fires"]] == list(order)


def test_what_is_asked_next_is_what_the_budget_has_to_pay_for(campaign):
    stop.run(campaign, params(stop={"max_rounds": {"rounds": 9}, "budget": {}}))
    # Two candidates and one gold item three times each, c once more; 0.4 spent, 0.3 outstanding.
    assert read(campaign, at.STOP)["rules"]["budget"] == {
        "fires": False,
        "reason": "8.3 of 9 is left and pays for another batch at 1 "
        "(queries 0.6, gold 0.3, uncertain items asked again 0.1)",
    }


def test_of_several_that_fire_all_say_how_to_go_on():
    rules = {"max_rounds": MaxRounds(1), "pool_exhausted": PoolExhausted()}
    decided = stop.decide(rules, Outlook((RoundSummary(0, {}, 1, 1, 1.0),), None, 1.0, 0))
    assert decided["go_on"] == (
        "raise stop.max_rounds.rounds above 1; and add items to the pool's source"
    )
