"""The laws of `tasks.domain.ports.Account`, for every vendor there is."""

import multiprocessing
import os
import signal
import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import registry
from tasks.domain import tables
from tasks.domain.errors import VendorError
from tasks.domain.ports import MalformedRecordError, RawAnswer, Task, VendorContext

FORK = multiprocessing.get_context("fork")
CLASSES = ("ash", "birch", "cedar")
PRICE = 0.25
UNRULY = {
    "simulated": {
        "annotators": 3,
        "duplicate_rate": 0.3,
        "late_rate": 0.2,
        "late_hours": 40.0,
        "revise_rate": 0.3,
        "malformed_rate": 0.3,
        "foreign_rate": 0.3,
        "unknown_class_rate": 0.3,
    }
}
"""Options under which a vendor delivers what it should not, for those that can be told to."""

CASES = [
    *((name, {}) for name in registry.names("vendors")),
    *((name, options) for name, options in UNRULY.items()),
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{'unruly' if case[1] else 'plain'}")
def vendor(request):
    return registry.build("vendors", *request.param)


@pytest.fixture
def connect(vendor, tmp_path):
    """Open the account anew, as a process that starts does; everybody answers for one campaign."""
    truth = tmp_path / "truth.parquet"
    rows = [(f"item-{number}", CLASSES[number % 3]) for number in range(40)]
    tables.write(truth, pd.DataFrame(rows, columns=["item_id", "label"]), tables.TRUTH)
    home = tmp_path / "home"
    home.mkdir()
    context = VendorContext("trees", CLASSES, PRICE, 11, home, truth)
    accounts = []

    def open_anew():
        accounts.append(vendor.connect(context))
        return accounts[-1]

    yield open_anew
    for account in accounts:
        account.close()


def tasks(first=0, last=20, copies=2, batch="a"):
    return [
        Task(f"{batch}/{number}/{copy}", f"item-{number}", copy, {"height": number})
        for number in range(first, last)
        for copy in range(1, copies + 1)
    ]


def sent(account, batch="trees-0000", some=None):
    account.ensure_batch(batch)
    return account.submit(batch, tasks() if some is None else some)


def follow(account, batch, cursor=None, most=100):
    """Fetch until one page after the batch is complete."""
    pages, complete = [], False
    while len(pages) < most:
        page = account.fetch(cursor)
        pages.append(page)
        cursor = page.cursor
        if complete:
            return pages
        complete = account.poll(batch).complete
    raise AssertionError(f"not complete after {most} pages")


def understood(vendor, pages):
    parsed = [parse(vendor, record) for page in pages for record in page.records]
    return [answer for answer in parsed if isinstance(answer, RawAnswer)]


def parse(vendor, record):
    """Give the answer, or else what is malformed."""
    try:
        return vendor.parse(record)
    except MalformedRecordError as error:
        return str(error)


def test_preflight_changes_nothing(connect, tmp_path):
    connect().preflight()
    assert list((tmp_path / "home").iterdir()) == []


def test_a_batch_made_twice_is_one_batch(connect):
    account = connect()
    receipts = sent(account)
    account.ensure_batch("trees-0000")
    connect().ensure_batch("trees-0000")
    assert sorted(account.reconcile("trees-0000"), key=str) == sorted(receipts, key=str)


def test_every_task_gets_a_receipt_in_its_order(connect):
    receipts = sent(connect())
    assert [receipt.key for receipt in receipts] == [task.key for task in tasks()]
    assert len({receipt.task_id for receipt in receipts}) == len(receipts)


def test_submitting_twice_adds_nothing(connect):
    first = sent(connect())
    account = connect()
    again = account.submit("trees-0000", tasks()[5:][::-1])
    assert again == first[5:][::-1]
    assert len(account.reconcile("trees-0000")) == len(first)
    assert account.poll("trees-0000").expected == len(first)


def test_a_new_connection_knows_what_was_sent(connect):
    receipts = sent(connect())
    assert set(connect().reconcile("trees-0000")) == set(receipts)
    assert connect().statement().tasks == {one.key: one.task_id for one in receipts}


def test_batches_are_told_apart(connect):
    account = connect()
    sent(account, "trees-0000", tasks(0, 5))
    sent(account, "trees-0001", tasks(5, 9, batch="b"))
    assert len(account.reconcile("trees-0000")) == 10
    assert account.poll("trees-0001").expected == 8
    assert connect().reconcile("trees-0002") == []


def test_every_task_is_answered_once_by_people_who_differ(connect, vendor):
    account = connect()
    sent(account)
    keys = {task.key: task.item_id for task in tasks()}
    answers = [a for a in understood(vendor, follow(account, "trees-0000")) if a.label in CLASSES]
    genuine = [answer for answer in answers if answer.key in keys]
    by_key = {key: {one.answer_id for one in genuine if one.key == key} for key in keys}
    assert {key: len(ids) for key, ids in by_key.items()} == dict.fromkeys(keys, 1)
    people = {(keys[answer.key], answer.annotator_id) for answer in genuine}
    assert len(people) == len(keys)


def test_following_any_cursor_anew_gives_the_same_pages(connect):
    account = connect()
    sent(account)
    pages = follow(account, "trees-0000")
    cursors = [None, *(page.cursor for page in pages)]
    for cursor, page in reversed(list(zip(cursors[:-1], pages, strict=True))):
        assert connect().fetch(cursor) == page
        assert account.fetch(cursor) == page


def test_pages_that_were_given_do_not_change_when_more_is_sent(connect, vendor):
    account = connect()
    sent(account, "trees-0000", tasks(0, 10))
    before = follow(account, "trees-0000")
    sent(account, "trees-0001", tasks(10, 20, batch="b"))
    cursors = [None, *(page.cursor for page in before)]
    assert [account.fetch(cursor) for cursor in cursors[:-1]] == before
    after = understood(vendor, follow(account, "trees-0001", cursors[-1]))
    assert {task.key for task in tasks(10, 20, batch="b")} <= {answer.key for answer in after}


def test_polling_changes_nothing(connect):
    account = connect()
    sent(account)
    page = account.fetch(None)
    before = account.poll("trees-0000"), account.statement()
    for _ in range(3):
        assert (account.poll("trees-0000"), account.statement()) == before
    assert connect().fetch(None) == page


def test_progress_never_goes_back(connect):
    account = connect()
    sent(account)
    seen, cursor = [account.poll("trees-0000")], None
    while not seen[-1].complete:
        cursor = account.fetch(cursor).cursor
        seen.append(account.poll("trees-0000"))
    assert [one.expected for one in seen] == [40] * len(seen)
    assert [one.answered for one in seen] == sorted(one.answered for one in seen)
    assert [one.hours for one in seen] == sorted(one.hours for one in seen)
    assert seen[0].answered == 0
    assert seen[0].hours == 0


def test_the_bill_is_for_the_answers_that_were_delivered(connect):
    account = connect()
    sent(account)
    assert (account.statement().answers, account.statement().cost) == (0, 0)
    pages = follow(account, "trees-0000")
    statement = connect().statement()
    assert statement.answers == len(tasks())
    assert statement.cost == pytest.approx(len(tasks()) * PRICE)
    for page in pages:
        account.fetch(page.cursor)
    assert account.statement() == statement


def test_only_vendor_errors_leave(connect):
    account = connect()
    with pytest.raises(VendorError):
        account.poll("never made")
    with pytest.raises(VendorError):
        account.submit("never made", tasks())


def test_two_processes_that_submit_at_once_send_everything_once(connect):
    connect().ensure_batch("trees-0000")
    start = FORK.Barrier(3)
    results = FORK.SimpleQueue()

    def submit():
        account = connect()
        start.wait()
        results.put([account.submit("trees-0000", tasks()[n : n + 10]) for n in (0, 10, 20, 30)])

    processes = [FORK.Process(target=submit) for _ in range(3)]
    for process in processes:
        process.start()
    first, *others = [results.get() for _ in processes]
    for process in processes:
        process.join()
    assert all(other == first for other in others)
    assert len(connect().reconcile("trees-0000")) == len(tasks())


@pytest.mark.parametrize("after", [0.0, 0.002, 0.005, 0.01, 0.02])
def test_killed_while_submitting_it_can_go_on(connect, vendor, after):
    connect().ensure_batch("trees-0000")
    started = FORK.Event()

    def submit():
        account = connect()
        started.set()
        for task in tasks():
            account.submit("trees-0000", [task])

    process = FORK.Process(target=submit)
    process.start()
    started.wait()
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    account = connect()
    there = set(account.reconcile("trees-0000"))
    receipts = account.submit("trees-0000", tasks())
    assert there <= set(receipts)
    assert set(connect().reconcile("trees-0000")) == set(receipts)
    answers = understood(vendor, follow(account, "trees-0000"))
    assert {task.key for task in tasks()} <= {answer.key for answer in answers}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("name", registry.names("vendors"))
@settings(max_examples=60, deadline=None)
@given(record=JSON, data=st.data())
def test_parse_understands_or_says_what_is_malformed(name, record, data):
    vendor = registry.build("vendors", name)
    if isinstance(record, dict):
        sound = {"answer_id": "a", "task_key": "k", "annotator": "p", "label": "ash"}
        names = [*sound, "submitted_at", "seconds", "revision"]
        record |= sound | {data.draw(st.sampled_from(names)): data.draw(JSON)}
    answer = parse(vendor, record)
    assert answer
    if isinstance(answer, RawAnswer):
        texts = (answer.answer_id, answer.key, answer.annotator_id, answer.label)
        assert all(isinstance(text, str) and text for text in (*texts, answer.answered_at))
        assert answer.revision >= 0
