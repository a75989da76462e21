import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import registry
from tasks.domain import tables
from tasks.domain.errors import ParamsError, VendorError, VendorRefusedError
from tasks.domain.ports import MalformedRecordError, Task, VendorContext
from tasks.vendors._simulated_options import Options
from tasks.vendors._simulated_people import annotator_of, crew

CLASSES = tuple("0123456789")
FILE = "simulated-vendor.sqlite"
JUNK = {"malformed_rate": 1.0, "foreign_rate": 1.0, "unknown_class_rate": 1.0}


def truth(number):
    return CLASSES[number % len(CLASSES)]


@pytest.fixture
def open_account(tmp_path):
    """Open an account; keywords are options, and what the vendor is told."""

    def opened(seed=3, classes=CLASSES, known=300, home=tmp_path, **options):
        rows = [(f"item-{number}", truth(number)) for number in range(known)]
        frame = pd.DataFrame(rows, columns=["item_id", "label"])
        tables.write(tmp_path / "truth.parquet", frame, tables.TRUTH)
        vendor = registry.build("vendors", "simulated", options)
        context = VendorContext("c", classes, 0.1, seed, home, tmp_path / "truth.parquet")
        return vendor.connect(context)

    return opened


def tasks(numbers, copies=(1,)):
    return [Task(f"key-{n}-{c}", f"item-{n}", c, {}) for n in numbers for c in copies]


def drain(account, hours=400):
    records, cursor = [], None
    while cursor is None or cursor["hours"] < hours:
        page = account.fetch(cursor)
        records += page.records
        cursor = page.cursor
    return records


def answered(account, some, batch="b"):
    account.ensure_batch(batch)
    account.submit(batch, some)
    return drain(account)


def by_key(records):
    return {record["task_key"]: record for record in records}


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
    records = answered(open_account(accuracy=0.8), tasks(range(300), (1, 2, 3)))
    right = [r["label"] == truth(int(r["task_key"].split("-")[1])) for r in records]
    assert len(records) == 900
    assert np.mean(right) == pytest.approx(0.8, abs=0.05)


def test_an_answer_is_a_function_of_seed_and_key(open_account, tmp_path):
    together = by_key(answered(open_account(), tasks(range(20))))
    (tmp_path / FILE).unlink()
    account = open_account(**JUNK, duplicate_rate=1.0)
    account.ensure_batch("early")
    account.submit("early", tasks([19, 3]))
    apart = by_key(r for r in drain(account, 16) if r["answer_id"].startswith("answer"))
    for key, record in apart.items():
        assert together[key] == record
    (tmp_path / FILE).unlink()
    other = by_key(answered(open_account(seed=4), tasks(range(20))))
    assert other != together


def test_time_passes_only_with_pages(open_account):
    account = open_account()
    account.ensure_batch("one")
    account.submit("one", tasks(range(50)))
    cursor = None
    for hours in (8, 16, 24):
        assert account.poll("one").hours == hours - 8
        cursor = account.fetch(cursor).cursor
        assert cursor == {"hours": hours}
    account.ensure_batch("two")
    account.submit("two", tasks(range(50, 60)))
    assert account.poll("two").hours == 0
    late = [record["submitted_at"] for record in account.fetch(cursor).records]
    assert min(late) > "2026-01-06T08:00:00Z"


def test_a_new_account_polls_at_the_latest_hour_and_an_old_one_at_its_own(open_account):
    account = open_account()
    account.ensure_batch("one")
    account.submit("one", tasks(range(50)))
    page = account.fetch(None)
    ahead = open_account()
    ahead.fetch(page.cursor)
    assert account.poll("one").hours == 8
    assert open_account().poll("one").hours == 16


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
    assert account.statement().answers == 30


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
    assert account.statement().answers == 30


def test_junk_comes_beside_the_answers_and_is_free(open_account):
    account = open_account(**JUNK)
    vendor = registry.build("vendors", "simulated", JUNK)
    some = tasks(range(30))
    malformed, foreign, unknown = 0, 0, 0
    for record in answered(account, some):
        try:
            answer = vendor.parse(record)
        except MalformedRecordError:
            malformed += 1
            continue
        foreign += answer.key not in {task.key for task in some}
        unknown += answer.label not in CLASSES
    assert (malformed, foreign, unknown) == (30, 30, 30)
    assert account.statement().answers == 30
    assert account.statement().cost == pytest.approx(3.0)


def test_a_batch_is_taken_whole_or_not_at_all(open_account):
    account = open_account(known=10)
    account.ensure_batch("b")
    with pytest.raises(VendorRefusedError, match="the class of item 'item-10' is not known"):
        account.submit("b", tasks([0, 1, 10]))
    assert account.reconcile("b") == []


def test_more_copies_than_annotators_are_refused(open_account):
    account = open_account(annotators=2)
    account.ensure_batch("b")
    with pytest.raises(
        VendorRefusedError, match=r"copy 3 of item 'item-0'.*annotators, which is 2"
    ):
        account.submit("b", tasks([0], (1, 2, 3)))


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
    account = open_account()
    account.preflight()
    assert account.reconcile("b") == []
    assert account.statement().tasks == {}
    with pytest.raises(VendorRefusedError, match="no such batch"):
        account.poll("b")
    assert not (tmp_path / FILE).exists()


def test_a_broken_database_is_a_vendor_error(open_account, tmp_path):
    (tmp_path / FILE).write_bytes(b"this is no database" * 1000)
    with pytest.raises(VendorError, match="file is not a database"):
        open_account().ensure_batch("b")


def test_no_database_at_all_is_a_vendor_error(open_account, tmp_path):
    with pytest.raises(VendorError, match="unable to open"):
        open_account(home=tmp_path / "nowhere").ensure_batch("b")


@pytest.mark.parametrize("cursor", [{}, {"hours": None}, {"hours": -1}, {"hours": "8"}])
def test_a_foreign_cursor_is_refused(open_account, cursor):
    with pytest.raises(VendorRefusedError, match="no cursor"):
        open_account().fetch(cursor)


@pytest.mark.parametrize(
    "option", [{"accuracy": 1.5}, {"annotators": 0}, {"median_hours": 0}, {"late_rate": "often"}]
)
def test_options_are_within_bounds(option):
    with pytest.raises(ParamsError, match=next(iter(option))):
        registry.build("vendors", "simulated", option)
