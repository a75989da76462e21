import json
import shutil
import signal
from itertools import pairwise

import pytest
from delivery.campaigns import account, facts, ledger, make, open_round, params
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import in_process

from tasks import campaign as at
from tasks import collect, push
from tasks.delivery import inbox
from tasks.domain import tables
from tasks.domain.errors import DataError, VendorError

TASKS = 24
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
    return {"name": "simulated", "send": ["height"], "price": 0.1, "options": options}


@pytest.fixture
def unruly():
    return params(vendor=vendor(**UNRULY))


@pytest.fixture
def campaign(tmp_path):
    return make(tmp_path)


def send(campaign, params):
    push.run(campaign, params)
    push.deliver(campaign, params, ledger(campaign), account(campaign, params))


def look(campaign, params):
    return collect.look(campaign, params, ledger(campaign), account(campaign, params))


def wait(campaign, params):
    while True:
        outcome = look(campaign, params)
        if outcome.complete or outcome.deadline:
            return outcome


def bodies(campaign, kind):
    return [body for _, said, body in facts(campaign) if said == kind]


def read(campaign, name):
    return tables.read(campaign.path(name))


def test_looking_goes_on_until_nothing_more_is_to_come(campaign):
    send(campaign, params())
    outcome = wait(campaign, params())
    assert (outcome.complete, outcome.deadline) == (True, False)
    assert (outcome.progress.expected, outcome.progress.answered) == (TASKS, TASKS)
    assert facts(campaign)[-1][1:] == (
        "collected",
        {"batch": "trees-0000", "complete": True, "deadline": False},
    )
    looks = bodies(campaign, "looked")
    lines = inbox.lines(campaign.path(at.INBOX), 0)
    assert [body["page"] for body in looks] == list(range(len(lines)))
    assert [body["digest"] for body in looks] == [inbox.digest(line) for line in lines]
    assert [body["cursor"] for body in looks] == [json.loads(line)["cursor"] for line in lines]
    assert sum(body["records"] for body in looks) == TASKS


def test_a_page_is_fetched_after_the_vendor_said_that_all_is_there(campaign):
    send(campaign, params())
    wait(campaign, params())
    progress = [body["progress"] for body in bodies(campaign, "looked")]
    assert [one["answered"] == TASKS for one in progress[-3:]][-2:] == [True, True]
    assert all(one["answered"] < TASKS for one in progress[:-2])


def test_looking_when_all_is_known_asks_nobody(campaign):
    send(campaign, params())
    wait(campaign, params())
    before = facts(campaign)
    assert look(campaign, params()).complete
    assert facts(campaign) == before


def test_after_the_deadline_what_is_there_must_do(campaign):
    slow = params(vendor=vendor(late_rate=0.5, late_hours=90.0), collect={"deadline_hours": 24.0})
    send(campaign, slow)
    outcome = wait(campaign, slow)
    assert (outcome.complete, outcome.deadline) == (False, True)
    assert outcome.progress.hours == 24
    assert 0 < outcome.progress.answered < TASKS
    assert collect.run(campaign, slow)["answers"] == outcome.progress.answered


def test_the_next_round_goes_on_from_the_cursor_and_takes_late_answers(campaign):
    slow = params(vendor=vendor(late_rate=0.5, late_hours=90.0), collect={"deadline_hours": 24.0})
    send(campaign, slow)
    answered = wait(campaign, slow).progress.answered
    collect.run(campaign, slow)
    first = collect.settle(campaign, slow, ledger(campaign))
    assert first == {
        "batch": "trees-0000",
        "answers": answered,
        "cost": pytest.approx(answered * 0.1),
    }
    open_round(campaign, 1, ["pool-020", "pool-021"])
    patient = params(vendor=vendor(late_rate=0.5, late_hours=90.0))
    send(campaign, patient)
    wait(campaign, patient)
    summary = collect.run(campaign, patient)
    assert summary["late"] == TASKS - answered
    answers = read(campaign, at.ANSWERS)
    assert set(answers.loc[answers["late"], "round"]) == {0}
    assert answers["answer_id"].is_unique
    second = collect.settle(campaign, patient, ledger(campaign))
    statement = account(campaign, patient).statement()
    assert first["answers"] + second["answers"] == statement.answers == len(answers)
    assert first["cost"] + second["cost"] == pytest.approx(statement.cost)


def test_a_batch_of_nothing_is_complete(campaign):
    open_round(campaign, 1, [])
    send(campaign, params())
    assert wait(campaign, params()).complete
    assert collect.run(campaign, params())["answers"] == 0
    assert collect.settle(campaign, params(), ledger(campaign))["cost"] == 0


def test_what_the_vendor_sends_is_taken_apart(campaign, unruly):
    send(campaign, unruly)
    wait(campaign, unruly)
    summary = collect.run(campaign, unruly)
    answers, quarantine = read(campaign, at.ANSWERS), read(campaign, at.QUARANTINE)
    assert summary["answers"] == answers["answer_id"].nunique() == TASKS
    assert set(answers["key"]) == set(read(campaign, at.BATCH)["key"])
    assert set(answers["label"]) <= set(params().campaign.classes)
    assert summary["revisions"] == (answers["revision"] == 1).sum() > 0
    assert summary["redelivered"] > 0
    assert summary["quarantined"] == len(quarantine) == sum(summary["reasons"].values())
    kinds = {reason.split(":")[0].split(",")[0] for reason in quarantine["reason"]}
    assert kinds == {"malformed", "for an item that was never sent", "of an unknown class"}
    pages = [json.loads(line) for line in inbox.lines(campaign.path(at.INBOX), 0)]
    total = sum(len(page["records"]) for page in pages)
    assert total == len(answers) + len(quarantine) + summary["redelivered"]
    for row in quarantine.itertuples():
        assert json.loads(row.record) == pages[row.page]["records"][row.position]


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
    for name in (at.INBOX, at.ANSWERS, at.QUARANTINE):
        assert campaign.path(name).read_bytes() == undisturbed.path(name).read_bytes()


@pytest.mark.parametrize("damage", ["missing", "short", "altered", "more"])
def test_an_inbox_is_brought_to_what_the_ledger_knows(campaign, unruly, damage):
    send(campaign, unruly)
    for _ in range(3):
        look(campaign, unruly)
    path = campaign.path(at.INBOX)
    pages = inbox.lines(path, 0)
    if damage == "missing":
        path.unlink()
    else:
        altered = {
            "short": pages[:1],
            "altered": [pages[0].replace("ash", "birch"), *pages[1:]],
            "more": [*pages, inbox.line(3, {"hours": 32.0}, [])],
        }
        inbox.write(path, 0, altered[damage])
    look(campaign, unruly)
    assert inbox.lines(path, 0)[:3] == pages
    assert [body["digest"] for body in bodies(campaign, "looked")] == [
        inbox.digest(line) for line in inbox.lines(path, 0)
    ]


def test_a_lost_page_that_the_vendor_gives_otherwise_is_not_taken(campaign):
    send(campaign, params())
    look(campaign, params())
    campaign.path(at.INBOX).unlink()
    shutil.rmtree(campaign.private)
    account(campaign, params()).ensure_batch("trees-0000")
    with pytest.raises(VendorError, match=r"page 0 otherwise than before.*restore inbox"):
        look(campaign, params())


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    """Give a campaign with an unruly inbox, its records in order, and what they come to."""
    unruly = params(vendor=vendor(**UNRULY))
    campaign = make(tmp_path_factory.mktemp("stream"))
    collected(campaign, unruly)
    lines = inbox.lines(campaign.path(at.INBOX), 0)
    records = [record for line in lines for record in json.loads(line)["records"]]
    return campaign, unruly, records, campaign.path(at.ANSWERS).read_bytes(), refused(campaign)


def refused(campaign):
    return read(campaign, at.QUARANTINE)[["reason", "record"]].to_dict("records")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(0, 200), max_size=8))
def test_how_records_are_cut_into_pages_does_not_matter(stream, cuts):
    campaign, unruly, records, answers, quarantine = stream
    edges = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    pages = [
        inbox.line(number, {"hours": number}, records[first:last])
        for number, (first, last) in enumerate(pairwise(edges))
    ]
    inbox.write(campaign.path(at.INBOX), 0, pages)
    collect.run(campaign, unruly)
    assert campaign.path(at.ANSWERS).read_bytes() == answers
    assert refused(campaign) == quarantine


def test_an_inbox_of_another_round_is_refused(campaign):
    send(campaign, params())
    inbox.write(campaign.path(at.INBOX), 1, [])
    with pytest.raises(DataError, match="not the inbox of round 0"):
        collect.run(campaign, params())
