import json
import signal

import pandas as pd
import pytest
from delivery.campaigns import account, facts, ledger, make, open_round, params
from support import FORK, in_process

from tasks import campaign as at
from tasks import push
from tasks.delivery import sending
from tasks.domain import digests, tables
from tasks.domain.errors import BudgetError, CampaignError, ParamsError, VendorRefusedError

# 8 queries, 2 gold and 2 holdout items without a class, each twice.
TASKS = 24


@pytest.fixture
def campaign(tmp_path):
    return make(tmp_path)


def batch_of(campaign):
    return tables.read(campaign.path(at.BATCH))


def deliver(campaign, given):
    return push.deliver(campaign, given, ledger(campaign), account(campaign, given))


def label(campaign, *rows):
    """Replace the base labels."""
    frame = pd.DataFrame(rows, columns=["item_id", "label", "status", "role"])
    frame = frame.assign(confidence=0.5, n_answers=2, aggregator="majority", round=0)
    frame["answer_ids"] = [[] for _ in rows]
    tables.write(campaign.path(at.BASE_LABELS), frame, tables.LABELS)


def test_round_0_asks_queries_gold_and_the_unknown_holdout(campaign):
    summary = push.run(campaign, params())
    assert summary == {
        "items": {"query": 8, "requeue": 0, "gold": 2, "holdout": 2},
        "tasks": TASKS,
        "cost": pytest.approx(2.4),
    }
    batch = batch_of(campaign)
    assert batch["key"].is_unique
    assert set(batch.loc[batch["role"] == "holdout", "item_id"]) == {"hold-000", "hold-002"}
    queried = batch.loc[batch["role"] == "query", "item_id"]
    assert sorted(set(queried)) == [f"pool-{number:03d}" for number in range(8)]
    assert (batch.groupby("item_id")["copy"].agg(list).map(sorted).map(tuple) == (1, 2)).all()


def test_only_the_fields_to_be_sent_leave(campaign):
    push.run(campaign, params())
    batch = batch_of(campaign)
    sent = {row.item_id: json.loads(row.payload) for row in batch.itertuples()}
    assert sent["pool-003"] == {"height": 1.5, "photo": "Aw=="}
    assert sent["hold-002"] == {"height": 1.0, "photo": "Ag=="}
    assert not batch["payload"].str.contains("secret|not to be sent|label|pool-").any()
    for row in batch.itertuples():
        assert row.payload_digest == digests.of_bytes(row.payload.encode()).sha256


def test_what_was_sent_is_added_to_what_was_sent_before(campaign):
    push.run(campaign, params())
    open_round(campaign, 1, ["pool-020"])
    push.run(campaign, params())
    sent = tables.read(campaign.path(at.SENT))
    batch = batch_of(campaign)
    assert len(sent) == TASKS + len(batch)
    assert set(sent.loc[sent["round"] == 1, "key"]) == set(batch["key"])
    assert sent["key"].is_unique
    assert set(batch["role"]) == {"query", "gold"}


def test_gold_is_not_the_same_again(campaign):
    drawn = []
    for number in range(3):
        open_round(campaign, number, [f"pool-0{number}{digit}" for digit in range(8)])
        push.run(campaign, params())
        batch = batch_of(campaign)
        drawn += sorted(set(batch.loc[batch["role"] == "gold", "item_id"]))
    assert len(drawn) == len(set(drawn)) == 6


def test_uncertain_items_are_asked_once_more(campaign):
    push.run(campaign, params())
    label(
        campaign,
        ("pool-001", "ash", "low_confidence", "query"),
        ("pool-002", "ash", "labelled", "query"),
        ("hold-000", "ash", "low_confidence", "holdout"),
    )
    (campaign.root / at.LABELS).write_bytes(campaign.path(at.BASE_LABELS).read_bytes())
    open_round(campaign, 1, [])
    push.run(campaign, params())
    rows = batch_of(campaign)[["item_id", "role", "copy"]].itertuples(index=False, name=None)
    assert list(rows) == [("hold-000", "holdout", 3), ("pool-001", "requeue", 3)]


def test_an_empty_batch_can_be_sent(campaign):
    open_round(campaign, 1, [])
    assert push.run(campaign, params())["tasks"] == 0
    assert deliver(campaign, params())["tasks"] == 0
    assert facts(campaign)[-1][1] == "batch_sent"


def test_the_models_guess_goes_along_if_asked_for(campaign):
    given = params(push={"redundancy": 1, "prelabels": True})
    push.run(campaign, given)
    batch = batch_of(campaign)
    tasks = {task.item_id: task for task in sending.tasks_of(batch)}
    assert tasks["pool-001"].prelabel == "birch"
    assert tasks["pool-001"].payload == {"height": 0.5, "photo": "AQ=="}
    assert all(t.prelabel is None for name, t in tasks.items() if not name.startswith("pool"))
    push.run(campaign, params(push={"redundancy": 1}))
    assert batch_of(campaign)["key"].ne(batch["key"]).any()


def test_the_same_inputs_give_the_same_bytes(campaign):
    names = (at.BATCH, at.SENT, at.INBOX)
    push.run(campaign, params())
    first = [campaign.path(name).read_bytes() for name in names]
    push.run(campaign, params())
    assert [campaign.path(name).read_bytes() for name in names] == first


def test_an_inbox_of_this_round_is_left_alone(campaign):
    push.run(campaign, params())
    assert campaign.path(at.INBOX).read_text() == '{"round":0}\n'
    campaign.path(at.INBOX).write_text('{"round":0}\nsomething\n')
    push.run(campaign, params())
    assert campaign.path(at.INBOX).read_text() == '{"round":0}\nsomething\n'
    open_round(campaign, 1, ["pool-020"])
    push.run(campaign, params())
    assert campaign.path(at.INBOX).read_text() == '{"round":1}\n'


def test_an_unknown_field_is_refused_and_nothing_written(campaign):
    given = params(vendor={"send": ["hieght"], "price": 0.1, "name": "simulated"})
    with pytest.raises(ParamsError, match="'hieght'; did you mean 'height'"):
        push.run(campaign, given)
    assert not campaign.path(at.BATCH).exists()


def test_delivering_leaves_intents_and_receipts(campaign, monkeypatch):
    monkeypatch.setattr(sending, "CHUNK", 10)
    given = params()
    push.run(campaign, given)
    deliver(campaign, given)
    assert [kind for _, kind, _ in facts(campaign)] == [
        "batch_intended",
        *["tasks_intended", "tasks_received"] * 3,
        "batch_sent",
    ]
    bodies = [body for _, _, body in facts(campaign)]
    assert bodies[0] == {
        "batch": "trees-0000",
        "vendor": "simulated",
        "tasks": TASKS,
        "reserved": pytest.approx(2.4),
        "digest": digests.of_file(campaign.path(at.BATCH)).sha256,
    }
    assert bodies[-1] == {"batch": "trees-0000", "tasks": TASKS, "items": 12}
    keys = sorted(batch_of(campaign)["key"])
    assert [key for body in bodies[1:-1:2] for key in body["keys"]] == keys
    receipts = {key: got for body in bodies[2:-1:2] for key, got in body["receipts"].items()}
    assert receipts == account(campaign, given).statement().tasks


def test_delivering_again_changes_nothing(campaign):
    given = params()
    push.run(campaign, given)
    deliver(campaign, given)
    before = facts(campaign)
    deliver(campaign, given)
    assert facts(campaign) == before


def test_killed_anywhere_it_goes_on_where_it_was(campaign, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(sending, "CHUNK", 10)
    given = params()
    push.run(campaign, given)
    points = campaign.root / "points"
    kills = 0
    while code := in_process(deliver, campaign, given, LABELLOOP_CRASH_EACH=str(points)):
        assert code == -signal.SIGKILL
        kills += 1
    assert kills > 20
    undisturbed = make(tmp_path_factory.mktemp("undisturbed"))
    push.run(undisturbed, given)
    deliver(undisturbed, given)
    assert facts(campaign) == facts(undisturbed)
    statements = [account(one, given).statement() for one in (campaign, undisturbed)]
    assert statements[0] == statements[1]
    assert len(statements[0].tasks) == TASKS


def test_what_the_vendor_has_is_not_sent_to_it_again(campaign):
    given = params()
    push.run(campaign, given)
    code = in_process(deliver, campaign, given, LABELLOOP_CRASH_AT="vendor:submit:0:before")
    assert code == -signal.SIGKILL
    # As if the call had broken off: a vendor may have a part of what it was sent.
    tasks = sending.tasks_of(batch_of(campaign))
    connection = account(campaign, given)
    connection.submit("trees-0000", tasks[:7])
    submit, sent = connection.submit, []
    connection.submit = lambda batch, some: sent.extend(some) or submit(batch, some)
    push.deliver(campaign, given, ledger(campaign), connection)
    assert sent == tasks[7:]
    receipts = facts(campaign)[-2][2]["receipts"]
    assert receipts == account(campaign, given).statement().tasks


def test_two_at_once_send_everything_once(campaign):
    given = params()
    push.run(campaign, given)
    barrier = FORK.Barrier(3)

    def race():
        barrier.wait()
        deliver(campaign, given)

    racers = [FORK.Process(target=race) for _ in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0, 0, 0]
    assert len(account(campaign, given).statement().tasks) == TASKS
    kinds = [kind for _, kind, _ in facts(campaign)]
    assert kinds == ["batch_intended", "tasks_intended", "tasks_received", "batch_sent"]


def test_a_batch_beyond_the_budget_is_refused_and_nothing_is_sent(campaign):
    given = params(campaign={**params().campaign.model_dump(), "budget": 2.39})
    push.run(campaign, given)
    with pytest.raises(BudgetError, match=r"costs up to 2\.40, and 2\.39 of 2\.39 is left"):
        deliver(campaign, given)
    assert facts(campaign) == []
    assert account(campaign, given).statement().tasks == {}


def test_what_earlier_rounds_spent_counts(campaign):
    answers = pd.DataFrame({"answer_id": ["a", "a"], "revision": [0, 1], "price": [1.0, 1.0]})
    answers = answers.reindex(columns=list(tables.ANSWERS.columns)).assign(round=0)
    tables.write(campaign.path(at.BASE_ANSWERS), answers, tables.ANSWERS)
    given = params(campaign={**params().campaign.model_dump(), "budget": 3.3})
    push.run(campaign, given)
    with pytest.raises(BudgetError, match=r"2\.30 of 3\.30 is left"):
        deliver(campaign, given)
    deliver(campaign, params(campaign={**params().campaign.model_dump(), "budget": 3.4}))


def test_a_batch_that_changed_midway_is_not_sent(campaign):
    given = params()
    push.run(campaign, given)
    code = in_process(deliver, campaign, given, LABELLOOP_CRASH_AT="vendor:submit:0:before")
    assert code == -signal.SIGKILL
    push.run(campaign, params(push={"redundancy": 1}))
    with pytest.raises(CampaignError, match=r"batch\.parquet: is not the batch of round 0"):
        deliver(campaign, given)
    assert account(campaign, given).statement().tasks == {}


def test_a_vendor_that_would_refuse_is_asked_before_anything_is_intended(campaign):
    given = params()
    push.run(campaign, given)
    campaign.path(at.TRUTH).unlink()
    with pytest.raises(VendorRefusedError, match="is missing"):
        deliver(campaign, given)
    assert facts(campaign) == []
