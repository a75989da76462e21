"""Answers over HTTP that unpack to far more than they are, never end, or nest without end."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from wiretap import Answer, Wiretap

from tasks.domain.errors import OutcomeUnknownError, TransientError, VendorError, VendorRefusedError
from tasks.vendors._http import body
from tasks.vendors._http.client import Http, Patience
from tasks.vendors._http.reply import decoded

MEGA = 1 << 20


class Open:
    """Credentials of nobody."""

    def headers(self, post: object) -> dict[str, str]:
        return {}

    def expired(self) -> bool:
        return False


@pytest.fixture
def http(scripted: Wiretap) -> Iterator[Http]:
    http = Http(scripted.url, Open(), lambda *said: None, Patience(timeout=20, attempts=2, pause=0))
    yield http
    http.close()


def test_a_bomb_is_not_unpacked(http: Http, scripted: Wiretap) -> None:
    bomb = gzip.compress(b" " * (600 * MEGA), 9)
    assert len(bomb) < MEGA
    scripted.answer = lambda heard: Answer(200, bomb, {"Content-Encoding": "gzip"})
    tracemalloc.start()
    with pytest.raises(VendorRefusedError, match="answered more than 64 MB; check that url") as one:
        http.get("/x")
    with pytest.raises(OutcomeUnknownError, match="answered more than 64 MB; look what is there"):
        http.send("POST", "/x", {})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 300 * MEGA
    assert "\n" not in str(one.value)


@pytest.mark.parametrize("packed", ["gzip, gzip", "deflate", "br", "zstd", "x\x1b[2J"])
def test_only_one_way_of_packing_is_unpacked(packed: str, http: Http, scripted: Wiretap) -> None:
    twice = gzip.compress(gzip.compress(b" " * MEGA))
    content = zlib.compress(b" " * MEGA) if packed == "deflate" else twice
    scripted.answer = lambda heard: Answer(200, content, {"Content-Encoding": packed})
    with pytest.raises(VendorRefusedError, match="answered something packed as"):
        http.get("/x")
    scripted.answer = lambda heard: Answer(200, gzip.compress(b"{}"), {"Content-Encoding": "gzip"})
    assert decoded(http.get("/x")) == {}


def test_a_declared_size_is_believed_before_anything_is_read(http: Http, scripted: Wiretap) -> None:
    declared = {"Content-Length": str(10**15)}
    scripted.answer = lambda heard: Answer(200, b"{}", declared)
    with pytest.raises(VendorRefusedError, match="answered more than 64 MB"):
        http.get("/x")


def test_an_answer_that_drips_has_an_end(scripted: Wiretap) -> None:
    patience = Patience(timeout=20, attempts=2, pause=0, whole=-1.0)
    http = Http(scripted.url, Open(), lambda *said: None, patience)
    with pytest.raises(VendorError, match="answers too slowly"):
        http.get("/x")
    http.close()


@pytest.mark.parametrize("nested", [b"[" * 200_000, b'{"a":' * 200_000])
def test_nesting_without_end_is_one_line(nested: bytes, http: Http, scripted: Wiretap) -> None:
    scripted.answer = lambda heard: Answer(200, nested)
    with pytest.raises(TransientError, match="nested too deep"):
        decoded(http.get("/x"))
    with pytest.raises(OutcomeUnknownError, match="nested too deep"):
        decoded(http.send("POST", "/x", {}), once=True)


def test_the_cap_leaves_room_for_the_largest_page() -> None:
    # 5000 tasks with 9 answers, each as large as Label Studio's are, with what surrounds it.
    assert body.MOST > 5000 * 9 * 1_000
