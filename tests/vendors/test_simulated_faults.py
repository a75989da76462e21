"""What goes wrong at the simulated vendor, as often as it is asked to."""

from dataclasses import fields

import pandas as pd
import pytest
from vendors.simulated_office import CLASSES, answered, by_key, drain, genuine, made, opener, tasks

from tasks import registry
from tasks.domain.errors import (
    OutcomeUnknownError,
    RejectedItemError,
    ThrottledError,
    TransientError,
)
from tasks.domain.incoming import MalformedRecordError
from tasks.vendors._simulated.options import Options
from tasks.vendors._simulated.store import FILE

RATES = [field.name for field in fields(Options) if field.name.endswith("_rate")]
JUNK = dict.fromkeys(
    ("malformed_rate", "foreign_rate", "unknown_class_rate", "prediction_rate", "gold_rate"), 1.0
)
BATCH = {"batch": "b"}


@pytest.fixture
def open_account(tmp_path):
    return opener(tmp_path)


def test_late_answers_take_longer_by_as_much_as_asked(open_account, tmp_path):
    usual = by_key(answered(open_account(), tasks(range(30))))
    (tmp_path / FILE).unlink()
    late = by_key(answered(open_account(late_rate=1.0, late_hours=48.0), tasks(range(30))))
    for key, record in late.items():
        wait = pd.Timestamp(record["submitted_at"]) - pd.Timestamp(usual[key]["submitted_at"])
        assert wait == pd.Timedelta(hours=48)


def test_duplicates_are_the_same_record_again_and_free(open_account):
    account = open_account(duplicate_rate=1.0)
    records = answered(account, tasks(range(30)))
    assert len(records) == 60
    assert all(records.count(record) == 2 for record in records)
    assert account.statement([BATCH]).answers == 30


@pytest.mark.parametrize("accuracy", [0.5, 1.0])
def test_a_revision_is_another_class_under_the_same_answer(open_account, accuracy):
    account = open_account(revise_rate=1.0, accuracy=accuracy)
    records = answered(account, tasks(range(30)))
    first = {r["answer_id"]: r for r in records if r["revision"] == 0}
    second = {r["answer_id"]: r for r in records if r["revision"] == 1}
    assert first.keys() == second.keys()
    for answer_id, record in second.items():
        assert record["label"] != first[answer_id]["label"]
        assert record["submitted_at"] > first[answer_id]["submitted_at"]
        assert record["task_key"] == first[answer_id]["task_key"]
    assert account.statement([BATCH]).answers == 30


def test_junk_comes_beside_the_answers_and_is_free(open_account):
    account = open_account(**JUNK)
    vendor = registry.build("vendors", "simulated", JUNK)
    some = tasks(range(30))
    malformed, foreign, unknown, silent = 0, 0, 0, 0
    for record in answered(account, some):
        try:
            parsed = vendor.parse(record)
        except MalformedRecordError:
            malformed += 1
            continue
        silent += not parsed.answers
        foreign += any(one.key not in {task.key for task in some} for one in parsed.answers)
        unknown += any(one.label not in CLASSES for one in parsed.answers)
    assert (malformed, foreign, unknown, silent) == (30, 30, 30, 60)
    assert account.statement([BATCH]).answers == 30
    assert account.statement([BATCH]).cost == pytest.approx(3.0)
    progress = account.poll(BATCH)
    assert (progress.answered, progress.gone, progress.expected) == (30, 0, 30)


@pytest.mark.parametrize("rate", ["skip_rate", "empty_rate", "delete_rate"])
def test_what_is_no_label_any_more_is_gone_and_free(open_account, rate):
    account = open_account(**{rate: 0.5, "duplicate_rate": 0.5, "revise_rate": 0.5})
    vendor = registry.build("vendors", "simulated")
    latest = {}
    for record in answered(account, tasks(range(60), copies=2)):
        (answer,) = vendor.parse(record).answers
        latest[answer.answer_id] = max(latest.get(answer.answer_id, answer), answer, key=revision)
    labelled = [answer for answer in latest.values() if answer.label is not None]
    notes = {answer.note for answer in latest.values() if answer.label is None}
    assert notes == {{"delete_rate": "deleted"}.get(rate, rate.removesuffix("_rate"))}
    assert 30 < len(labelled) < 90
    progress = account.poll(BATCH)
    assert (progress.answered, progress.gone) == (len(labelled), 120 - len(labelled))
    assert progress.complete
    assert account.statement([BATCH]).answers == len(labelled)


def revision(answer):
    return answer.revision


def test_what_expires_never_comes_and_ends_the_wait(open_account):
    account = open_account(expire_rate=0.5, expire_hours=200.0)
    batch = made(account)
    account.submit(batch, tasks(range(40)))
    records = drain(account, batch, 192)
    assert 10 < len(records) < 30
    assert account.poll(batch).gone == 0
    account.extend(batch, 100.0)
    later = account.fetch(batch, {"hours": 192.0})
    assert (later.records, account.poll(batch).gone) == ((), 0)
    records = drain(account, batch, 296)
    assert account.poll(batch).gone == 40 - len(records)
    assert account.poll(batch).complete


def test_cancelling_withdraws_what_is_not_delivered(open_account):
    account = open_account(late_rate=0.5, revise_rate=1.0)
    batch = made(account)
    account.submit(batch, tasks(range(40)))
    records = drain(account, batch, 40)
    there = {record["answer_id"] for record in records}
    account.cancel(batch)
    progress = account.poll(batch)
    assert (progress.answered, progress.gone) == (len(there), 40 - len(there))
    assert 10 < len(there) < 30
    assert drain(account, batch) == records


def test_doubles_are_of_the_same_annotator_and_excess_is_of_another(open_account):
    account = open_account(double_rate=1.0, excess_rate=1.0)
    records = answered(account, tasks(range(20), copies=2))
    for number in range(20):
        own = [record for record in records if record["task_key"] == f"key-{number}"]
        people = [record["annotator"] for record in own]
        assert len({record["answer_id"] for record in own}) == 6
        assert sorted(people.count(name) for name in set(people)) == [2, 2, 2]
    progress = account.poll(BATCH)
    assert (progress.answered, progress.expected) == (40, 40)
    assert account.statement([BATCH]).answers == 40


def test_a_shuffled_page_has_the_same_records(open_account, tmp_path):
    usual = answered(open_account(hours_per_look=400.0), tasks(range(40)))
    (tmp_path / FILE).unlink()
    account = open_account(hours_per_look=400.0, shuffle=True)
    mixed = answered(account, tasks(range(40)))
    assert mixed != usual
    assert sorted(mixed, key=str) == sorted(usual, key=str)
    assert account.fetch(BATCH, None).records == tuple(mixed)


def test_some_tasks_are_rejected_and_the_others_can_be_sent(open_account):
    account = open_account(reject_rate=0.2)
    batch, some = made(account), tasks(range(50))
    with pytest.raises(RejectedItemError) as caught:
        account.submit(batch, some)
    rejected = caught.value.reasons.keys()
    assert 1 <= len(rejected) <= 20
    account.submit(batch, [task for task in some if task.key not in rejected])
    assert len(account.reconcile(batch)) == 50 - len(rejected)


@pytest.mark.parametrize("rate", [name for name in RATES if name != "expire_rate"])
def test_turning_a_rate_on_leaves_every_other_answer_as_it_was(open_account, tmp_path, rate):
    usual = genuine(answered(open_account(), tasks(range(12), copies=2)))
    (tmp_path / FILE).unlink()
    account = open_account(**{rate: 0.3}, hours_per_look=400.0)
    some = tasks(range(12), copies=2)
    batch = eventually(made, account)
    for _ in range(20):
        try:
            account.submit(batch, some)
        except RejectedItemError as error:
            some = [task for task in some if task.key not in error.reasons]
        except (TransientError, ThrottledError, OutcomeUnknownError):
            continue
    there = genuine(eventually(drain, account, batch))
    first = {record["answer_id"]: record for record in there if record["revision"] == 0}
    timing = {"submitted_at"} if rate == "late_rate" else set()
    changed = 0
    for record in usual:
        now = first.get(record["answer_id"])
        if now is None:
            changed += 1
            assert rate == "reject_rate"
        elif now["label"] is not None:
            assert {k: v for k, v in now.items() if k not in timing} == {
                k: v for k, v in record.items() if k not in timing
            }
    assert changed < len(usual)


def eventually(call, *arguments):
    for _ in range(40):
        try:
            return call(*arguments)
        except (TransientError, ThrottledError, OutcomeUnknownError):
            continue
    raise AssertionError("it never worked")


@pytest.mark.parametrize(
    ("rate", "error", "taken"),
    [
        ("outage_rate", TransientError, 0),
        ("throttle_rate", ThrottledError, 0),
        ("timeout_rate", OutcomeUnknownError, 5),
    ],
)
def test_calls_fail_before_or_after_they_are_done(open_account, rate, error, taken):
    made(open_account())
    with pytest.raises(error):
        open_account(**{rate: 1.0}).submit(BATCH, tasks(range(5)))
    assert len(open_account().reconcile(BATCH)) == taken


def test_trouble_passes(open_account):
    account = open_account(outage_rate=0.5)
    batch = eventually(made, account)
    eventually(account.submit, batch, tasks(range(5)))
    assert len(eventually(account.reconcile, batch)) == 5
