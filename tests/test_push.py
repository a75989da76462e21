import json
import signal

import pandas as pd
import pytest
from delivery.campaigns import desk, facts, ledger, make, open_round, params, statement
from support import FORK, in_process

from tasks import campaign as at
from tasks import push
from tasks.delivery import packing, standing
from tasks.domain import digests, tables
from tasks.domain.errors import (
    BudgetError,
    CampaignError,
    CapabilityMissingError,
    ParamsError,
    VendorRefusedError,
)
from tasks.domain.outgoing import Prelabel

# 8 queries, 2 gold and 2 holdout items without a class; each is asked of two.
TASKS, ANSWERS = 12, 24


@pytest.fixture
def campaign(tmp_path):
    return make(tmp_path)


def batch_of(campaign):
    return tables.read(campaign.path(at.BATCH))


def deliver(campaign, given, most=500):
    return push.deliver(campaign, given, ledger(campaign), desk(campaign, given, most=most))


def tasks_of(campaign, given):
    batch = batch_of(campaign)
    payloads = dict(zip(batch["item_id"], batch["payload"], strict=True))
    return packing.tasks_of(batch, payloads, pseudonyms=given.vendor.pseudonyms)


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
        "answers": ANSWERS,
        "cost": pytest.approx(2.4),
    }
    batch = batch_of(campaign)
    assert batch["key"].is_unique
    assert set(batch.loc[batch["role"] == "holdout", "item_id"]) == {"hold-000", "hold-002"}
    queried = batch.loc[batch["role"] == "query", "item_id"]
    assert sorted(set(queried)) == [f"pool-{number:03d}" for number in range(8)]
    assert batch["item_id"].is_unique
    assert (batch["copy"] == 1).all()
    assert (batch["copies"] == 2).all()


def test_only_the_fields_to_be_sent_leave(campaign):
    push.run(campaign, params())
    batch = batch_of(campaign)
    sent = {row.item_id: json.loads(row.payload) for row in batch.itertuples()}
    assert sent["pool-003"] == {"height": 1.5, "photo": "Aw=="}
    assert sent["hold-002"] == {"height": 1.0, "photo": "Ag=="}
    assert not batch["payload"].str.contains("secret|not to be sent|label|pool-").any()
    for row in batch.itertuples():
        assert row.payload_digest == digests.of_bytes(row.payload.encode()).sha256


def remember(campaign):
    """Let what is sent be known to the next round."""
    before = tables.read(campaign.path(at.BASE_SENT))
    now = standing.sent_now(campaign, params())
    tables.write(campaign.path(at.SENT), pd.concat([before, now]), tables.SENT)


def test_gold_is_not_the_same_again(campaign):
    drawn = []
    for number in range(3):
        open_round(campaign, number, [f"pool-0{number}{digit}" for digit in range(8)])
        push.run(campaign, params())
        remember(campaign)
        batch = batch_of(campaign)
        drawn += sorted(set(batch.loc[batch["role"] == "gold", "item_id"]))
    assert len(drawn) == len(set(drawn)) == 6


def know_the_holdout(campaign):
    """Give the holdout its classes, so that none has to be bought."""
    holdout = pd.read_parquet(campaign.path(at.HOLDOUT))
    holdout.assign(label="ash").to_parquet(campaign.path(at.HOLDOUT), index=False)


def test_uncertain_items_are_asked_once_more(campaign):
    push.run(campaign, params())
    remember(campaign)
    label(
        campaign,
        ("pool-001", "ash", "low_confidence", "query"),
        ("pool-002", "ash", "labelled", "query"),
        ("hold-000", "ash", "low_confidence", "holdout"),
    )
    (campaign.root / at.LABELS).write_bytes(campaign.path(at.BASE_LABELS).read_bytes())
    open_round(campaign, 1, [])
    push.run(campaign, params())
    rows = batch_of(campaign)[["item_id", "role", "copy", "copies"]]
    assert list(rows.itertuples(index=False, name=None)) == [
        ("hold-000", "holdout", 3, 1),
        ("pool-001", "requeue", 3, 1),
    ]


def test_an_empty_batch_can_be_sent(tmp_path):
    campaign = make(tmp_path, holdout=1)
    know_the_holdout(campaign)
    open_round(campaign, 1, [])
    assert push.run(campaign, params())["tasks"] == 0
    assert deliver(campaign, params())["tasks"] == 0
    assert facts(campaign)[-1][1] == "batch_sent"


def test_the_models_guess_goes_along_if_asked_for(campaign):
    given = params(push={"redundancy": 1, "prelabels": True})
    push.run(campaign, given)
    batch = batch_of(campaign)
    tasks = {task.item_id: task for task in tasks_of(campaign, given)}
    assert tasks["pool-001"].prelabel == Prelabel("birch", 0.5, "")
    assert tasks["pool-001"].payload == {"height": 0.5, "photo": "AQ=="}
    assert all(t.prelabel is None for name, t in tasks.items() if not name.startswith("pool"))
    push.run(campaign, params(push={"redundancy": 1}))
    assert batch_of(campaign)["key"].ne(batch["key"]).any()


def test_the_same_inputs_give_the_same_bytes(campaign):
    names = (at.BATCH, at.INBOX, at.EGRESS, at.EXPORT)
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
    given = params(vendor={**params().vendor.model_dump(), "send": ["hieght"]})
    with pytest.raises(ParamsError, match="'hieght'; did you mean 'height'"):
        push.run(campaign, given)
    assert not campaign.path(at.BATCH).exists()


def test_delivering_leaves_intents_and_receipts(campaign):
    given = params()
    push.run(campaign, given)
    deliver(campaign, given, most=5)
    said = [(kind, body) for _, kind, body in facts(campaign) if kind != "egress"]
    assert [kind for kind, _ in said] == [
        *("batch_intended", "batch_wanted", "batch_made"),
        *["tasks_intended", "tasks_received"] * 3,
        "batch_sent",
    ]
    bodies = [body for _, body in said]
    where = {"batch": "trees-0000", "leg": 1, "vendor": "simulated"}
    assert bodies[0] == where | {
        "tasks": TASKS,
        "answers": ANSWERS,
        "reserved": pytest.approx(2.4),
        "digest": digests.of_file(campaign.path(at.BATCH)).sha256,
    }
    assert bodies[-1] == where | {"tasks": TASKS, "items": 12}
    keys = sorted(batch_of(campaign)["key"])
    assert [key for body in bodies[3:-1:2] for key in body["keys"]] == keys
    receipts = {key: got for body in bodies[4:-1:2] for key, got in body["receipts"].items()}
    assert receipts == statement(campaign, given).tasks


def test_what_leaves_is_kept_before_it_leaves(campaign):
    given = params()
    push.run(campaign, given)
    deliver(campaign, given)
    left = [body for _, kind, body in facts(campaign) if kind == "egress"]
    content = [ledger(campaign).kept(body["digest"]) for body in left]
    assert [body["bytes"] for body in left] == [len(one) for one in content]
    together = b"".join(content).decode()
    assert all(key in together for key in batch_of(campaign)["key"])
    assert "not to be sent" not in together


def test_a_vendor_that_must_not_know_ids_does_not(campaign):
    hidden = params(vendor={**params().vendor.model_dump(), "pseudonyms": True})
    push.run(campaign, hidden)
    tasks = tasks_of(campaign, hidden)
    assert all(task.item_id == task.key for task in tasks)
    assert not any("pool-" in str(task) for task in tasks)
    first = batch_of(campaign).set_index("item_id")["key"]
    push.run(campaign, params())
    assert batch_of(campaign).set_index("item_id")["key"].ne(first).all()


def test_what_the_vendor_cannot_do_is_found_out_before_anything_is_sent(campaign):
    review = {**params().review.model_dump(), "max_answers": 6}
    given = params(push={"redundancy": 6}, review=review)
    push.run(campaign, given)
    with pytest.raises(CapabilityMissingError, match=r"6 answers of one item: it gives at most 5"):
        deliver(campaign, given)
    assert facts(campaign) == []


def test_delivering_again_changes_nothing(campaign):
    given = params()
    push.run(campaign, given)
    deliver(campaign, given)
    before = facts(campaign)
    deliver(campaign, given)
    assert facts(campaign) == before


def test_killed_anywhere_it_goes_on_where_it_was(campaign, tmp_path_factory):
    given = params()
    push.run(campaign, given)
    points = campaign.root / "points"
    kills = 0
    while code := in_process(deliver, campaign, given, 5, LABELLOOP_CRASH_EACH=str(points)):
        assert code == -signal.SIGKILL
        kills += 1
    assert kills > 20
    undisturbed = make(tmp_path_factory.mktemp("undisturbed"))
    push.run(undisturbed, given)
    deliver(undisturbed, given, most=5)
    assert facts(campaign) == facts(undisturbed)
    statements = [statement(one, given) for one in (campaign, undisturbed)]
    assert statements[0] == statements[1]
    assert len(statements[0].tasks) == TASKS


def points(campaign, given):
    """List the crash points of a delivery."""
    log = campaign.root / "log"
    assert in_process(deliver, campaign, given, LABELLOOP_CRASH_LOG=str(log)) == 0
    return log.read_text().splitlines()


def test_what_the_vendor_has_is_not_sent_to_it_again(campaign, tmp_path_factory):
    given = params()
    other = make(tmp_path_factory.mktemp("other"))
    for one in (campaign, other):
        push.run(one, given)
    (before,) = [one for one in points(other, given) if ":submit:" in one and "before" in one]
    code = in_process(deliver, campaign, given, LABELLOOP_CRASH_AT=before)
    assert code == -signal.SIGKILL
    # As if the call had broken off: a vendor may have a part of what it was sent.
    tasks, there = tasks_of(campaign, given), desk(campaign, given)
    there.account.submit({"batch": "trees-0000"}, tasks[:7])
    submit, sent = there.account.submit, []
    there.account.submit = lambda batch, some: sent.extend(some) or submit(batch, some)
    push.deliver(campaign, given, ledger(campaign), there)
    assert sent == tasks[7:]
    (got,) = [body["receipts"] for _, kind, body in facts(campaign) if kind == "tasks_received"]
    assert got == statement(campaign, given).tasks


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
    assert len(statement(campaign, given).tasks) == TASKS
    kinds = [kind for _, kind, _ in facts(campaign) if kind != "egress"]
    once = ["batch_intended", "batch_wanted", "batch_made", "tasks_intended", "tasks_received"]
    assert kinds == [*once, "batch_sent"]


def test_a_batch_beyond_the_budget_is_refused_and_nothing_is_sent(campaign):
    given = params(campaign={**params().campaign.model_dump(), "budget": 2.39})
    push.run(campaign, given)
    with pytest.raises(BudgetError, match=r"costs up to 2\.40, and 2\.39 of 2\.39 is left"):
        deliver(campaign, given)
    assert facts(campaign) == []
    assert statement(campaign, given).tasks == {}


def test_what_earlier_rounds_spent_counts(campaign):
    answers = pd.DataFrame({"answer_id": ["a", "a"], "revision": [0, 1], "price": [1.0, 1.0]})
    answers = answers.reindex(columns=list(tables.ANSWERS.columns)).assign(round=0, label="ash")
    tables.write(campaign.path(at.BASE_ANSWERS), answers, tables.ANSWERS)
    given = params(campaign={**params().campaign.model_dump(), "budget": 3.3})
    push.run(campaign, given)
    with pytest.raises(BudgetError, match=r"2\.30 of 3\.30 is left"):
        deliver(campaign, given)
    deliver(campaign, params(campaign={**params().campaign.model_dump(), "budget": 3.4}))


def test_a_batch_that_changed_midway_is_not_sent(campaign):
    given = params()
    push.run(campaign, given)
    at_ensure = "vendor:ensure_batch:trees-0000:before"
    assert in_process(deliver, campaign, given, LABELLOOP_CRASH_AT=at_ensure) == -signal.SIGKILL
    push.run(campaign, params(push={"redundancy": 1}))
    with pytest.raises(CampaignError, match=r"batch\.parquet: is not the batch of round 0"):
        deliver(campaign, given)
    assert statement(campaign, given).tasks == {}


def test_a_vendor_that_would_refuse_is_asked_before_anything_is_intended(campaign):
    given = params()
    push.run(campaign, given)
    campaign.path(at.TRUTH).unlink()
    with pytest.raises(VendorRefusedError, match="is missing"):
        deliver(campaign, given)
    assert facts(campaign) == []
