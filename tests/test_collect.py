import json
import shutil
import signal
from itertools import pairwise

import pytest
from delivery.campaigns import desk, desks, facts, ledger, make, open_round, params, statement
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import START, in_process

from tasks import campaign as at
from tasks import collect, push
from tasks.delivery import egress, inbox, legs, money, pages
from tasks.domain import tables
from tasks.domain.errors import BudgetError, CampaignError, DataError, VendorError

TASKS, ANSWERS = 12, 24
UNRULY = {
    "duplicate_rate": 0.3,
    "late_rate": 0.2,
    "late_hours": 40.0,
    "revise_rate": 0.3,
    "malformed_rate": 0.3,
    "foreign_rate": 0.3,
    "unknown_class_rate": 0.3,
}


def vendor(**options):
    return {
        "name": "simulated",
        "send": ["height"],
        "price": 0.1,
        "pseudonyms": False,
        "options": {"start": START, **options},
    }


@pytest.fixture
def unruly():
    return params(vendor=vendor(**UNRULY))


@pytest.fixture
def campaign(tmp_path):
    return make(tmp_path)


def send(campaign, params):
    push.run(campaign, params)
    push.deliver(campaign, params, ledger(campaign), desk(campaign, params))


def look(campaign, params):
    """Look as `tasks.actions.look` does."""
    looked = collect.look(campaign, params, ledger(campaign), desks(campaign, params))
    if looked.resend:
        push.deliver(campaign, params, ledger(campaign), desk(campaign, params, leg=2))
    return looked


def wait(campaign, params):
    while True:
        looked = look(campaign, params)
        if looked.done:
            return looked


def settle(campaign, params):
    return collect.settle(campaign, params, ledger(campaign), desks(campaign, params))


def release(campaign, params):
    return collect.release(campaign, params, ledger(campaign), desks(campaign, params))


def lines(campaign, number=0):
    return pages.lines(campaign.path(at.INBOX), number)


def bodies(campaign, kind):
    return [body for _, said, body in facts(campaign) if said == kind]


def read(campaign, name):
    return tables.read(campaign.path(name))


def test_looking_goes_on_until_nothing_more_is_to_come(campaign):
    send(campaign, params())
    looked = wait(campaign, params())
    assert (looked.progress.expected, looked.progress.answered) == (ANSWERS, ANSWERS)
    (collected,) = bodies(campaign, "collected")
    assert (collected["batch"], collected["complete"]) == ("trees-0000", True)
    looks = bodies(campaign, "looked")
    assert [body["page"] for body in looks] == list(range(len(lines(campaign))))
    assert [body["digest"] for body in looks] == [inbox.digest(line) for line in lines(campaign)]
    written = [json.loads(line)["cursor"] for line in lines(campaign)]
    assert [body["cursor"] for body in looks] == written
    assert sum(body["records"] for body in looks) == ANSWERS


def test_the_vendor_is_asked_once_more_after_it_said_that_all_is_there(campaign):
    send(campaign, params())
    wait(campaign, params())
    progress = [body["progress"] for body in bodies(campaign, "looked")]
    assert [one["answered"] == ANSWERS for one in progress[-2:]] == [True, True]
    assert all(one["answered"] < ANSWERS for one in progress[:-2])


def test_looking_when_all_is_known_asks_nobody(campaign):
    send(campaign, params())
    wait(campaign, params())
    before = facts(campaign)
    assert look(campaign, params()).done
    assert facts(campaign) == before


def test_what_left_and_what_the_vendor_has_are_kept(campaign):
    send(campaign, params())
    wait(campaign, params())
    collect.run(campaign, params())
    release(campaign, params())
    (exported,) = pages.lines(campaign.path(at.EXPORT), 0)
    assert len(json.loads(exported)["records"]) == ANSWERS
    left = [json.loads(line) for line in pages.lines(campaign.path(at.EGRESS), 0)]
    assert left
    assert all(egress.is_sound(line) for line in left)
    assert [line["digest"] for line in left] == [
        body["digest"] for body in bodies(campaign, "egress")
    ]


SLOW = vendor(late_rate=0.5, late_hours=90.0)
LATE = {"deadline_hours": 24.0}


def test_after_the_deadline_what_is_there_must_do_and_late_answers_are_taken_later(campaign):
    slow = params(vendor=SLOW, collect=LATE)
    send(campaign, slow)
    answered = wait(campaign, slow).progress.answered
    assert 0 < answered < ANSWERS
    collect.run(campaign, slow)
    first = settle(campaign, slow)
    sent = read(campaign, at.SENT)
    missing = (ANSWERS - answered) * 0.1
    assert money.outstanding(sent, read(campaign, at.ANSWERS)) == pytest.approx(missing)
    open_round(campaign, 1, ["pool-020", "pool-021"])
    patient = params(vendor=SLOW)
    send(campaign, patient)
    wait(campaign, patient)
    assert collect.run(campaign, patient)["late"] == ANSWERS - answered
    second, told = settle(campaign, patient), statement(campaign, patient)
    assert first["answers"] + second["answers"] == told.answers
    assert first["cost"] + second["cost"] == pytest.approx(told.cost)


def test_after_the_deadline_the_rest_may_be_withdrawn(campaign):
    slow = params(vendor=SLOW, collect=LATE | {"at_deadline": "withdraw"})
    send(campaign, slow)
    looked = wait(campaign, slow)
    assert 0 < looked.progress.answered < ANSWERS
    assert bodies(campaign, "collected")[0]["deadline"]
    assert collect.run(campaign, slow)["answers"] == looked.progress.answered
    sent = read(campaign, at.SENT)
    assert sent["withdrawn"].sum() == ANSWERS - looked.progress.answered
    assert money.outstanding(sent, read(campaign, at.ANSWERS)) == 0
    told = statement(campaign, slow)
    assert settle(campaign, slow)["cost"] == pytest.approx(told.cost)


def test_it_may_be_waited_on_after_the_deadline(campaign):
    slow = params(vendor=SLOW, collect=LATE | {"at_deadline": "wait", "remind_hours": 48.0})
    send(campaign, slow)
    reminders = 0
    while not (looked := look(campaign, slow)).done:
        reminders += looked.reminder
    assert looked.progress.answered == ANSWERS
    assert reminders == len(bodies(campaign, "reminded")) >= 1
    assert [body["times"] for body in bodies(campaign, "extended")] == sorted(
        {body["times"] for body in bodies(campaign, "extended")}
    )
    assert bodies(campaign, "collected")[0]["complete"]


FALLBACK = {"name": "simulated", "price": 0.3, "options": {"start": START}}


@pytest.fixture
def resending():
    return params(vendor=SLOW, collect=LATE | {"at_deadline": "resend", "fallback": FALLBACK})


def test_what_is_missing_may_be_sent_to_another_vendor(campaign, resending):
    send(campaign, resending)
    wait(campaign, resending)
    collect.run(campaign, resending)
    sent, answers = read(campaign, at.SENT), read(campaign, at.ANSWERS)
    again = sent[sent["leg"] == 2]
    assert 0 < again["copies"].sum() == sent["withdrawn"].sum()
    assert answers["answer_id"].nunique() == ANSWERS
    assert (answers.groupby("item_id")["answer_id"].nunique() == 2).all()
    assert money.outstanding(sent, answers) == 0
    second = again["copies"].sum()
    expected = (ANSWERS - second) * 0.1 + second * 0.3
    assert settle(campaign, resending)["cost"] == pytest.approx(expected)
    batches = [body["batch"] for body in bodies(campaign, "batch_sent")]
    assert batches == ["trees-0000", "trees-0000-2"]


def test_killed_anywhere_on_both_legs_it_ends_the_same(campaign, resending, tmp_path_factory):
    send(campaign, resending)
    points = campaign.root / "points"
    kills = 0
    while code := in_process(resent, campaign, resending, LABELLOOP_CRASH_EACH=str(points)):
        assert code == -signal.SIGKILL
        kills += 1
    assert kills > 50
    undisturbed = make(tmp_path_factory.mktemp("undisturbed"))
    send(undisturbed, resending)
    resent(undisturbed, resending)
    assert facts(campaign) == facts(undisturbed)
    for name in (at.INBOX, at.EGRESS, at.EXPORT, at.SENT, at.ANSWERS, at.QUARANTINE):
        assert campaign.path(name).read_bytes() == undisturbed.path(name).read_bytes(), name


def resent(campaign, params):
    """Wait, as `tasks.actions.look` does after a process died between the two legs."""
    while True:
        entries = ledger(campaign).entries()
        leg = legs.current(entries, 0)
        if not legs.is_sent(entries, 0, leg):
            push.deliver(campaign, params, ledger(campaign), desk(campaign, params, leg=leg))
        if look(campaign, params).done:
            break
    collect.run(campaign, params)
    settle(campaign, params)
    release(campaign, params)


def test_what_the_fallback_costs_must_be_left(campaign, resending):
    given = resending.model_copy(
        update={"campaign": resending.campaign.model_copy(update={"budget": 2.5})}
    )
    send(campaign, given)
    with pytest.raises(BudgetError, match=r"of 2\.50 is left"):
        wait(campaign, given)
    assert len(bodies(campaign, "batch_sent")) == 1


def test_a_vendor_cannot_be_changed_while_it_has_the_open_batch(campaign):
    send(campaign, params())
    other = params(vendor=vendor() | {"name": "files", "options": {}})
    with pytest.raises(CampaignError, match="is at the vendor 'simulated'"):
        look(campaign, other)


def test_changes_of_earlier_rounds_are_taken(campaign):
    slow = params(vendor=vendor(revise_rate=1.0, hours_per_look=1.0))
    send(campaign, slow)
    wait(campaign, slow)
    collect.run(campaign, slow)
    first = settle(campaign, slow)
    assert first["answers"] == ANSWERS
    before = read(campaign, at.ANSWERS)
    open_round(campaign, 1, ["pool-020", "pool-021"])
    send(campaign, slow)
    wait(campaign, slow)
    summary = collect.run(campaign, slow)
    answers = read(campaign, at.ANSWERS)
    assert summary["late"] == len(answers[answers["late"]]) > 0
    assert set(answers.loc[answers["late"], "round"]) == {0}
    second = settle(campaign, slow)
    told = statement(campaign, slow)
    assert first["answers"] + second["answers"] == told.answers == answers["answer_id"].nunique()
    assert first["cost"] + second["cost"] == pytest.approx(told.cost)
    assert len(before) < len(answers)


def test_batches_of_which_nothing_is_missing_are_closed_a_round_later(campaign):
    given = params()
    for number in range(3):
        open_round(campaign, number, [f"pool-0{number}0", f"pool-0{number}1"])
        send(campaign, given)
        wait(campaign, given)
        collect.run(campaign, given)
        settle(campaign, given)
        release(campaign, given)
    closed = [body["batch"] for body in bodies(campaign, "batch_closed")]
    assert closed == ["trees-0000", "trees-0001"]


def test_every_answer_is_accepted_or_rejected_once(campaign):
    given = params(vendor=vendor(double_rate=0.4, excess_rate=0.4))
    send(campaign, given)
    wait(campaign, given)
    collect.run(campaign, given)
    settle(campaign, given)
    settle(campaign, given)
    (decided,) = bodies(campaign, "decided")
    assert decided["accepted"] == read(campaign, at.ANSWERS)["answer_id"].nunique()
    assert decided["rejected"] > 0


def test_a_batch_of_nothing_is_complete(tmp_path):
    campaign = make(tmp_path, holdout=0)
    open_round(campaign, 1, [])
    send(campaign, params())
    wait(campaign, params())
    assert collect.run(campaign, params())["answers"] == 0
    assert settle(campaign, params())["cost"] == 0


def test_what_the_vendor_sends_is_taken_apart(campaign, unruly):
    send(campaign, unruly)
    wait(campaign, unruly)
    summary = collect.run(campaign, unruly)
    answers, quarantine = read(campaign, at.ANSWERS), read(campaign, at.QUARANTINE)
    assert summary["answers"] == answers["answer_id"].nunique() == ANSWERS
    assert set(answers["key"]) == set(read(campaign, at.BATCH)["key"])
    assert set(answers["label"]) <= set(params().campaign.classes)
    assert summary["revisions"] == (answers["revision"] == 1).sum() > 0
    assert summary["redelivered"] > 0
    assert summary["quarantined"] == len(quarantine) == sum(summary["reasons"].values())
    kinds = {reason.split(":")[0].split(",")[0] for reason in quarantine["reason"]}
    assert kinds == {"malformed", "for an item that was never sent", "of an unknown class"}
    found = [json.loads(line) for line in lines(campaign)]
    total = sum(len(page["records"]) for page in found)
    assert total == len(answers) + len(quarantine) + summary["redelivered"]
    for row in quarantine.itertuples():
        assert json.loads(row.record) == found[row.page]["records"][row.position]


def collected(campaign, unruly):
    send(campaign, unruly)
    wait(campaign, unruly)
    collect.run(campaign, unruly)


def test_killed_anywhere_no_page_is_lost_or_doubled(campaign, unruly, tmp_path_factory):
    send(campaign, unruly)
    points = campaign.root / "points"
    kills = 0
    while code := in_process(wait, campaign, unruly, LABELLOOP_CRASH_EACH=str(points)):
        assert code == -signal.SIGKILL
        kills += 1
    assert kills > 20
    collect.run(campaign, unruly)
    undisturbed = make(tmp_path_factory.mktemp("undisturbed"))
    collected(undisturbed, unruly)
    assert facts(campaign) == facts(undisturbed)
    for name in (at.INBOX, at.EGRESS, at.EXPORT, at.ANSWERS, at.QUARANTINE):
        assert campaign.path(name).read_bytes() == undisturbed.path(name).read_bytes(), name


@pytest.mark.parametrize("damage", ["missing", "short", "altered", "more"])
def test_an_inbox_is_brought_to_what_the_ledger_knows(campaign, unruly, damage):
    send(campaign, unruly)
    for _ in range(3):
        look(campaign, unruly)
    path, there = campaign.path(at.INBOX), lines(campaign)
    if damage == "missing":
        path.unlink()
    else:
        altered = {
            "short": there[:1],
            "altered": [there[0].replace("ash", "birch"), *there[1:]],
            "more": [*there, there[0]],
        }
        pages.write(path, 0, altered[damage])
    look(campaign, unruly)
    assert lines(campaign)[:3] == there
    assert [body["digest"] for body in bodies(campaign, "looked")] == [
        inbox.digest(line) for line in lines(campaign)
    ]


def test_a_page_that_is_nowhere_any_more_is_missed(campaign):
    send(campaign, params())
    look(campaign, params())
    campaign.path(at.INBOX).unlink()
    shutil.rmtree(campaign.private / "kept")
    with pytest.raises(VendorError, match=r"page 0 is lost from inbox.*dvc checkout"):
        look(campaign, params())


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    """Give a campaign with an unruly inbox, its records in order, and what they come to."""
    unruly = params(vendor=vendor(**UNRULY))
    campaign = make(tmp_path_factory.mktemp("stream"))
    collected(campaign, unruly)
    records = [record for line in lines(campaign) for record in json.loads(line)["records"]]
    return campaign, unruly, records, campaign.path(at.ANSWERS).read_bytes(), refused(campaign)


def refused(campaign):
    return read(campaign, at.QUARANTINE)[["reason", "record"]].to_dict("records")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(0, 200), max_size=8))
def test_how_records_are_cut_into_pages_does_not_matter(stream, cuts):
    campaign, unruly, records, answers, quarantine = stream
    edges = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    where = {"batch": "trees-0000", "leg": 1, "vendor": "simulated"}
    cut = [
        inbox.page(number, where, {"hours": number}, records[first:last])
        for number, (first, last) in enumerate(pairwise(edges))
    ]
    pages.write(campaign.path(at.INBOX), 0, cut)
    collect.run(campaign, unruly)
    assert campaign.path(at.ANSWERS).read_bytes() == answers
    assert refused(campaign) == quarantine


def test_an_inbox_of_another_round_is_refused(campaign):
    send(campaign, params())
    pages.write(campaign.path(at.INBOX), 1, [])
    with pytest.raises(DataError, match="not that of round 0"):
        collect.run(campaign, params())


def test_one_look_is_enough_when_everything_is_there(campaign):
    fast = params(vendor=vendor(hours_per_look=1000.0))
    send(campaign, fast)
    assert look(campaign, fast).done


def test_one_look_is_enough_when_what_is_missing_will_never_come(campaign):
    fast = params(vendor=vendor(hours_per_look=1000.0, skip_rate=0.3))
    send(campaign, fast)
    looked = look(campaign, fast)
    assert looked.done
    assert looked.progress.answered + looked.progress.gone == ANSWERS
    assert looked.progress.gone > 0
