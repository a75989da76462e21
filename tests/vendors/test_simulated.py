import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vendors.simulated_office import (
    CLASSES,
    answered,
    by_key,
    drain,
    genuine,
    made,
    opener,
    tasks,
    truth,
)

from tasks import registry
from tasks.domain.errors import (
    BatchDeletedError,
    CapabilityMissingError,
    ParamsError,
    RejectedItemError,
    VendorError,
    VendorRefusedError,
)
from tasks.domain.incoming import MalformedRecordError
from tasks.domain.outgoing import Decision, Task
from tasks.vendors._simulated.options import Options
from tasks.vendors._simulated.people import annotator_of, crew
from tasks.vendors._simulated.store import FILE


@pytest.fixture
def open_account(tmp_path):
    return opener(tmp_path)


@settings(max_examples=40, deadline=None)
@given(
    annotators=st.integers(1, 8),
    accuracy=st.floats(0, 1),
    spread=st.floats(0, 1),
    classes=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_annotators_are_as_good_as_asked_for_in_the_mean(
    annotators, accuracy, spread, classes, seed
):
    options = Options(annotators=annotators, accuracy=accuracy, accuracy_spread=spread)
    people = crew(options, classes, seed)
    assert np.mean([person.accuracy for person in people]) == pytest.approx(accuracy)
    for person in people:
        assert -1e-9 <= person.accuracy <= 1 + 1e-9
        assert np.diag(person.confusion) == pytest.approx(person.accuracy)
        assert person.confusion.sum(axis=1) == pytest.approx(1)
        assert (person.confusion >= 0).all()


def test_some_annotators_are_better_and_each_confuses_in_their_own_way():
    people = crew(Options(), len(CLASSES), 1)
    assert len({round(person.accuracy, 6) for person in people}) == len(people)
    wrong = [person.confusion / (1 - person.accuracy) for person in people]
    assert not np.allclose(wrong[0], wrong[1])
    # A few pairs hold most of the confusion: evenly, the largest of nine would hold a ninth.
    largest = [np.sort(rows - np.diag(np.diag(rows)), axis=1)[:, -1].mean() for rows in wrong]
    assert min(largest) > 0.4


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 9), item=st.text(), seed=st.integers(0, 99))
def test_copies_of_an_item_go_to_different_people(n, item, seed):
    people = crew(Options(annotators=n), 3, seed)
    names = {annotator_of(people, seed, item, copy).name for copy in range(1, n + 1)}
    assert len(names) == n


def test_answers_are_right_as_often_as_asked_for(open_account):
    records = answered(open_account(accuracy=0.8), tasks(range(300), copies=3))
    right = [r["label"] == truth(int(r["task_key"].split("-")[1])) for r in records]
    assert len(records) == 900
    assert np.mean(right) == pytest.approx(0.8, abs=0.05)


def test_an_answer_is_a_function_of_seed_and_key(open_account, tmp_path):
    together = by_key(answered(open_account(), tasks(range(20))))
    (tmp_path / FILE).unlink()
    account = open_account(malformed_rate=1.0, duplicate_rate=1.0)
    batch = made(account, "early")
    account.submit(batch, tasks([19, 3]))
    for key, record in by_key(genuine(drain(account, batch, 16))).items():
        assert together[key] == record
    (tmp_path / FILE).unlink()
    assert by_key(answered(open_account(seed=4), tasks(range(20)))) != together


def test_copies_that_are_asked_for_later_go_to_the_others(open_account, tmp_path):
    together = answered(open_account(), tasks([7], copies=5))
    (tmp_path / FILE).unlink()
    account = open_account()
    first = answered(account, tasks([7], copies=3))
    later = [Task("key-7-again", "item-7", {"x": 7}, 2, first_copy=4)]
    second = answered(account, later, "b2")
    people = [{record["annotator"] for record in some} for some in (first, second, together)]
    assert [len(names) for names in people] == [3, 2, 5]
    assert people[0] | people[1] == people[2]
    assert by_key(first)["key-7"] in together


def test_time_passes_only_with_pages(open_account):
    account = open_account()
    one = made(account, "one")
    account.submit(one, tasks(range(50)))
    cursor = None
    for hours in (8, 16, 24):
        assert account.poll(one).hours == hours - 8
        cursor = account.fetch(one, cursor).cursor
        assert cursor == {"hours": hours}
    two = made(account, "two")
    account.submit(two, tasks(range(50, 60)))
    assert account.poll(two).hours == 0
    late = [record["submitted_at"] for record in account.fetch(two, None).records]
    assert min(late) > "2026-01-06T08:00:00Z"


def test_a_new_account_polls_at_the_latest_hour_and_an_old_one_at_its_own(open_account):
    account = open_account()
    batch = made(account)
    account.submit(batch, tasks(range(50)))
    page = account.fetch(batch, None)
    assert not page.more
    open_account().fetch(batch, page.cursor)
    assert account.poll(batch).hours == 8
    assert open_account().poll(batch).hours == 16
    assert account.fetch(batch, None).more


def test_several_campaigns_share_one_store(open_account, tmp_path):
    store = str(tmp_path / "shared.sqlite")
    (tmp_path / "elsewhere").mkdir()
    here = open_account(store=store)
    there = open_account(store=store, home=tmp_path / "elsewhere")
    other = open_account(store=store, campaign="other")
    batch = made(here)
    here.submit(batch, tasks(range(9)))
    assert there.reconcile(batch) == here.reconcile(batch)
    with pytest.raises(BatchDeletedError):
        other.reconcile(batch)
    drain(here, batch)
    assert there.poll(batch).complete
    assert not (tmp_path / FILE).exists()


def test_a_batch_is_taken_whole_or_not_at_all(open_account):
    account = open_account(known=10)
    batch = made(account)
    with pytest.raises(RejectedItemError, match="the class of item 'item-10' is not known") as e:
        account.submit(batch, tasks([0, 1, 10]))
    assert e.value.reasons.keys() == {"key-10"}
    assert account.reconcile(batch) == []


def test_under_pseudonyms_no_item_is_known(open_account):
    account = open_account()
    with pytest.raises(VendorRefusedError, match=r"set vendor\.pseudonyms to false"):
        account.submit(made(account), [Task("key-1", "key-1", {})])


@pytest.mark.parametrize(("copies", "first_copy"), [(3, 1), (1, 3), (0, 1), (1, 0)])
def test_copies_that_nobody_is_left_for_are_refused(open_account, copies, first_copy):
    account = open_account(annotators=2)
    with pytest.raises(CapabilityMissingError, match=r"item 'item-0'.*annotators, which is 2"):
        account.submit(made(account), tasks([0], copies, first_copy))


def test_fields_in_another_order_are_another_batch(open_account):
    from tasks.domain.errors import BatchConflictError
    from tasks.domain.outgoing import BatchSpec

    account = open_account()
    account.ensure_batch(BatchSpec("b", CLASSES, {"x": "text", "y": "value"}, 1, 1))
    with pytest.raises(BatchConflictError):
        account.ensure_batch(BatchSpec("b", CLASSES, {"y": "value", "x": "text"}, 1, 1))


@pytest.mark.parametrize(
    ("classes", "known", "message"),
    [
        (CLASSES, 0, "no item's class is known"),
        ((*CLASSES, "ten"), 20, "'ten' is in campaign.classes but no item's class"),
        (CLASSES[1:], 20, "'0' is an item's class but not in campaign.classes"),
    ],
)
def test_preflight_refuses_classes_that_are_not_the_known_ones(
    open_account, classes, known, message
):
    with pytest.raises(VendorRefusedError, match=message):
        open_account(classes=classes, known=known).preflight()


def test_preflight_refuses_without_truth(open_account, tmp_path):
    account = open_account()
    (tmp_path / "truth.parquet").unlink()
    with pytest.raises(VendorRefusedError, match="is missing"):
        account.preflight()


def test_asking_makes_no_file(open_account, tmp_path):
    account, batch = open_account(), {"batch": "b"}
    account.preflight()
    for call in (account.reconcile, account.poll, lambda one: account.statement([one])):
        with pytest.raises(BatchDeletedError, match="no such batch"):
            call(batch)
    assert not (tmp_path / FILE).exists()


def test_a_broken_database_is_a_vendor_error(open_account, tmp_path):
    (tmp_path / FILE).write_bytes(b"this is no database" * 1000)
    with pytest.raises(VendorError, match="file is not a database"):
        made(open_account())


def test_no_database_at_all_is_a_vendor_error(open_account, tmp_path):
    with pytest.raises(VendorError, match="No such file"):
        made(open_account(home=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "cursor", [{}, {"hours": None}, {"hours": -1}, {"hours": "8"}, {"hours": 1e308}, {"hours": 9}]
)
def test_a_foreign_cursor_is_refused(open_account, cursor):
    account = open_account()
    batch = made(account)
    account.fetch(batch, None)
    with pytest.raises(VendorRefusedError, match=r"no cursor|at hour 8 here, and was at"):
        account.fetch(batch, cursor)


def test_what_is_accepted_is_paid_and_what_is_rejected_is_not(open_account):
    account = open_account(double_rate=1.0)
    records = answered(account, tasks(range(10)))
    batch, ids = {"batch": "b"}, sorted({record["answer_id"] for record in records})
    assert len(ids) == 20
    assert account.statement([batch]).answers == 10
    accepted = next(name for name in ids if name.startswith("double"))
    rejected = [name for name in ids if name.startswith("answer")][:3]
    account.decide(batch, [Decision(accepted, "k", accept=True)])
    account.decide(batch, [Decision(name, "k", accept=False, reason="late") for name in rejected])
    assert account.statement([batch]).answers == 8
    assert account.statement([batch]).cost == pytest.approx(0.8)
    with pytest.raises(VendorRefusedError, match="has no answer nonsense"):
        account.decide(batch, [Decision("nonsense", "k", accept=True)])


def test_an_event_names_a_batch(open_account):
    vendor = registry.build("vendors", "simulated")
    assert vendor.parse_event({}, b'{"batch": "b"}').batch == "b"
    for body in (b"", b"[]", b'{"batch": 3}', b"\xff", b"[" * 100_000):
        with pytest.raises(MalformedRecordError):
            vendor.parse_event({}, body)


def test_times_become_utc():
    record = {
        "answer_id": "a",
        "task_key": "k",
        "annotator": "p",
        "source": "annotator",
        "label": "0",
        "submitted_at": "2026-01-06T08:00:00+02:00",
        "seconds": None,
        "revision": 0,
    }
    vendor = registry.build("vendors", "simulated")
    (answer,) = vendor.parse(record).answers
    assert answer.answered_at == "2026-01-06T06:00:00+00:00"
    assert pd.Timestamp(answer.answered_at).tz is not None
    for bad in ("2026-01-06T08:00:00", "0001-01-01T00:00:00+14:00", "soon"):
        with pytest.raises(MalformedRecordError, match="submitted_at"):
            vendor.parse(record | {"submitted_at": bad})


@pytest.mark.parametrize(
    "option",
    [
        {"accuracy": 1.5},
        {"annotators": 0},
        {"median_hours": 0},
        {"late_rate": "often"},
        {"store": "not/absolute"},
        {"late_hours": 1e300},
    ],
)
def test_options_are_within_bounds(option):
    with pytest.raises(ParamsError, match=next(iter(option))):
        registry.build("vendors", "simulated", option)
