"""An S3 store that answers anything at all ends in one line, for each thing that is asked of it."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from security.fuzz import mutations, survives
from wiretap import Answer, Wiretap

from tasks.domain.errors import LabelloopError, VendorError
from tasks.ledger.s3 import S3Ledger
from tasks.objects import capped, client, patience
from tasks.objects import s3 as objects_s3
from tasks.objects.s3 import S3Objects
from tasks.objects.store import Access

LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>work</Name>
<Prefix>x/</Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>
<Contents><Key>x/a.json</Key><LastModified>2026-01-05T08:00:00.000Z</LastModified>
<ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag><Size>12</Size></Contents></ListBucketResult>"""
ERROR = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>RequestTimeTooSkewed</Code><Message>no</Message>
<ServerTime>2026-01-05T08:00:00Z</ServerTime></Error>"""
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x ['
    + b'<!ENTITY a0 "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><ListBucketResult><Contents><Key>&a9;</Key></Contents></ListBucketResult>"
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    b"<ListBucketResult><Contents><Key>x/&f;</Key></Contents></ListBucketResult>"
)
HEADERS = {
    "ETag": '"d41d8cd98f00b204e9800998ecf8427e"',
    "Last-Modified": "Mon, 05 Jan 2026 08:00:00 GMT",
    "Date": "Mon, 05 Jan 2026 08:00:00 GMT",
    "Content-Type": "application/xml",
}
STATUSES = (200, 200, 200, 204, 206, 301, 307, 400, 403, 404, 412, 416, 500, 503)
WORDS = ("", "-1", "x" * 60_000, "9" * 30, "Thu, 99 Foo 2026", "\x80\xff", "1e999", "\u00b2")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-nobody-0123456789")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(patience, "LONGEST", 0.0)
    monkeypatch.setattr(objects_s3, "READS", 1)
    # Some answers promise more than ever comes; that a call was cut short is one line as well.
    monkeypatch.setattr(client, "READ_SECONDS", 0.1)


@pytest.fixture
def objects(scripted: Wiretap) -> Iterator[S3Objects]:
    store = S3Objects("s3://work/x", Access(scripted.url))
    yield store
    store.close()


CALLS: dict[str, Callable[[S3Objects], object]] = {
    "check": lambda store: store.check(),
    "find": lambda store: store.find(),
    "head": lambda store: store.head("a.json"),
    "get": lambda store: store.get("a.json"),
    "put": lambda store: store.put("a.json", b"{}"),
    "put_new": lambda store: store.put_new("a.json", b"{}"),
}


@pytest.mark.parametrize("call", CALLS)
def test_any_body_and_status_ends_in_one_line(
    call: str, objects: S3Objects, scripted: Wiretap
) -> None:
    statuses = iter(STATUSES * 100)

    def load(content: bytes) -> None:
        answer = Answer(next(statuses), content, HEADERS)
        scripted.answer = lambda heard: answer
        CALLS[call](objects)

    told = survives(load, mutations([LISTING, ERROR], 100, call), VendorError)
    assert min(told.values()) > 0


@pytest.mark.parametrize("name", [*HEADERS, "Content-Length", "Retry-After", "x-amz-bucket-region"])
def test_any_header_ends_in_one_line(name: str, objects: S3Objects, scripted: Wiretap) -> None:
    def load(word: bytes) -> None:
        for status in (200, 301, 403, 503):
            headers = {**HEADERS, name: word.decode("latin-1")}
            scripted.answer = lambda heard, s=status, h=headers: Answer(s, LISTING, h)
            for call in CALLS.values():
                survives(lambda _: call(objects), [b""], VendorError)  # noqa: B023 - called at once

    assert survives(load, (word.encode("latin-1") for word in WORDS))["read"] == len(WORDS)


@pytest.mark.parametrize("bomb", [BOMB, OUTSIDE])
def test_entities_are_not_unfolded(bomb: bytes, objects: S3Objects, scripted: Wiretap) -> None:
    scripted.answer = lambda heard: Answer(200, bomb, HEADERS)
    tracemalloc.start()
    with pytest.raises(VendorError) as caught:
        objects.find()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert Path("/etc/hostname").read_text().strip() not in str(caught.value)
    assert most < 64 << 20


@pytest.mark.parametrize("status", [200, 403])
def test_a_listing_without_end_is_not_read(
    status: int, objects: S3Objects, scripted: Wiretap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capped, "MOST", 1 << 20)
    scripted.answer = lambda heard: Answer(status, LISTING + b" " * (2 << 20), HEADERS)
    with pytest.raises(VendorError, match="its reply has more than 1 MB; check the endpoint"):
        objects.find()


def test_an_object_is_not_read_beyond_its_limit(objects: S3Objects, scripted: Wiretap) -> None:
    scripted.answer = lambda heard: Answer(200, b"x" * 4096, HEADERS)
    with pytest.raises(VendorError, match=r"has more than .* MB; divide it"):
        objects.get("a.json", limit=1024)


def test_an_answer_that_drips_has_an_end(
    objects: S3Objects, scripted: Wiretap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capped, "LONGEST", -1.0)
    scripted.answer = lambda heard: Answer(200, LISTING, HEADERS)
    with pytest.raises(VendorError, match="its reply takes more than"):
        objects.find()


def test_a_redirect_takes_the_keys_nowhere(wiretap: Wiretap, scripted: Wiretap) -> None:
    away = {"Location": "http://elsewhere.example.org/work", "x-amz-bucket-region": "eu-west-1"}
    for status in (301, 302, 307, 308):
        scripted.answer = lambda heard, s=status: Answer(s, b"", away)
        store = S3Objects("s3://work/x", Access(scripted.url))
        with pytest.raises(VendorError):
            store.find()
        store.close()
    assert wiretap.heard == []


def test_a_ledger_in_a_hostile_bucket_ends_in_one_line(scripted: Wiretap, tmp_path: Path) -> None:
    statuses = iter(STATUSES * 100)

    def load(content: bytes) -> None:
        answer = Answer(next(statuses), content, HEADERS)
        scripted.answer = lambda heard: answer
        S3Ledger("s3://work/x", tmp_path / "mirror", scripted.url, only_read=True).entries()

    told = survives(load, mutations([LISTING, ERROR], 100, "ledger"), LabelloopError)
    assert min(told.values()) > 0
