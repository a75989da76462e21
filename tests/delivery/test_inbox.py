import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.delivery import inbox
from tasks.domain.errors import DataError

LINE = inbox.line(0, {"hours": 8.0}, [{"label": "x"}, {"label": "y"}])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "inbox.jsonl"


def test_it_starts_empty_and_stays_as_it_is_in_its_round(path):
    inbox.start(path, 3)
    assert path.read_text() == '{"round":3}\n'
    inbox.write(path, 3, [LINE])
    inbox.start(path, 3)
    assert inbox.lines(path, 3) == [LINE]


def test_another_round_starts_anew(path):
    inbox.write(path, 3, [LINE])
    assert inbox.lines(path, 4) == []
    inbox.start(path, 4)
    assert path.read_text() == '{"round":4}\n'


def test_records_come_in_order_with_their_place(path):
    inbox.write(path, 0, [LINE, inbox.line(1, {}, []), inbox.line(2, {}, [{"label": "z"}])])
    found = [(item.page, item.position, item.record["label"]) for item in inbox.items(path, 0)]
    assert found == [(0, 0, "x"), (0, 1, "y"), (2, 0, "z")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(texts=st.lists(st.text(st.characters(codec="utf-8")), max_size=4))
def test_any_text_comes_back_as_it_was(path, texts):
    pages = [inbox.line(number, {}, [{"label": text}]) for number, text in enumerate(texts)]
    inbox.write(path, 0, pages)
    assert inbox.lines(path, 0) == pages
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
