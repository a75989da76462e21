import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.delivery import inbox, pages
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import DataError

WHERE = {"batch": "trees-0000", "leg": 1, "vendor": "simulated"}
LINE = inbox.page(0, WHERE, {"hours": 8.0}, [{"label": "x"}, {"label": "y"}])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "inbox.jsonl"


def test_it_starts_empty_and_stays_as_it_is_in_its_round(path):
    pages.start(path, 3)
    assert path.read_text() == '{"round":3}\n'
    pages.write(path, 3, [LINE])
    pages.start(path, 3)
    assert pages.lines(path, 3) == [LINE]


def test_another_round_starts_anew(path):
    pages.write(path, 3, [LINE])
    assert pages.lines(path, 4) == []
    pages.start(path, 4)
    assert path.read_text() == '{"round":4}\n'


def test_records_come_in_order_with_their_place(path):
    pages.write(
        path, 0, [LINE, inbox.page(1, WHERE, {}, []), inbox.page(2, WHERE, {}, [{"label": "z"}])]
    )
    found = [(item.page, item.position, item.record["label"]) for item in inbox.items(path, 0)]
    assert found == [(0, 0, "x"), (0, 1, "y"), (2, 0, "z")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(texts=st.lists(st.text(st.characters(codec="utf-8")), max_size=4))
def test_any_text_comes_back_as_it_was(path, texts):
    written = [inbox.page(n, WHERE, {}, [{"label": text}]) for n, text in enumerate(texts)]
    pages.write(path, 0, written)
    assert pages.lines(path, 0) == written
    assert [item.record["label"] for item in inbox.items(path, 0)] == texts


@pytest.mark.parametrize(
    "content",
    [None, b'{"round":1}\n', b"", b"\xff\xfe", b'{"round":0}\nno page\n', b'{"round":0}\n{}\n'],
)
def test_what_is_no_inbox_of_the_round_is_refused(path, content):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"inbox\.jsonl: .*; restore it"):
        list(inbox.items(path, 0))


def test_what_became_of_tasks_stands_where_it_happened(path):
    rejected = Entry(4, GENESIS, "", 0, "tasks_rejected", {**WHERE, "reasons": {"k": "too big"}})
    cancelled = Entry(7, GENESIS, "", 0, "cancelled", {**WHERE, "resend": True})
    notes = [inbox.note(rejected), LINE, inbox.note(cancelled)]
    pages.write(path, 0, notes)
    first, *_, last = inbox.items(path, 0)
    assert first == inbox.Rejected({"k": "too big"})
    assert last == inbox.Cancelled(1, resend=True)
    assert all(inbox.is_line(*pair) for pair in [(rejected, notes[0]), (cancelled, notes[2])])
    assert not inbox.is_line(rejected, notes[2])
