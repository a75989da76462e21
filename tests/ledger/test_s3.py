"""What only a ledger in a bucket can suffer."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree, rmtree
from threading import Thread
from typing import Any, ClassVar

import pytest
from faults import KINDS, Cue, Fault, Only, Proxy, Reset, ServerError, Throttled, writing
from servers import Identity, S3Server

from tasks.domain.errors import CampaignError, EntryExistsError, LedgerError, ParamsError
from tasks.ledger import _s3_store
from tasks.ledger.local import LocalLedger
from tasks.ledger.s3 import S3Ledger
from tasks.objects import client, patience
from tasks.objects import s3 as objects_s3

FAULTS: dict[str, Fault] = {name: make() for name, make in KINDS.items()} | {
    "reset_after": Reset(after=True),
    "error_500": ServerError(500),
}
OF: dict[str, Only] = {
    "append": writing,
    "record": writing,
    "keep": writing,
    "list": lambda exchange: "list-type" in exchange.path,
    "get": lambda exchange: "list-type" not in exchange.path,
}
"""Which exchange goes wrong."""


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST", 0.0)
    monkeypatch.setattr(client, "READ_SECONDS", 1.0)


@pytest.fixture
def url(s3_bucket: str) -> str:
    return f"s3://{s3_bucket}/campaigns/trees"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def written(url: str, mirror: Path) -> S3Ledger:
    """Give a ledger of four entries and its mirror."""
    ledger = S3Ledger(url, mirror)
    for number in range(4):
        ledger.append(0, "fact", {"n": number})
    return ledger


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", s3.ports["s3.port"]) as proxy:
        yield proxy


def put(s3: S3Server, url: str, *objects: tuple[str, bytes]) -> None:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    client = s3.client()
    for name, content in objects:
        client.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=content)


def delete(s3: S3Server, url: str, name: str) -> None:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    s3.client().delete_object(Bucket=bucket, Key=f"{prefix}/{name}")


def test_the_mirror_is_a_ledger_in_a_folder(written: S3Ledger, mirror: Path) -> None:
    assert LocalLedger(mirror).entries() == written.entries()


@pytest.mark.parametrize("kept", [0, 2, 4])
def test_a_mirror_that_is_lost_or_behind_is_brought_up_to_date(
    written: S3Ledger, url: str, mirror: Path, kept: int
) -> None:
    files = {path.name: path.read_bytes() for path in mirror.iterdir()}
    for path in sorted(mirror.iterdir())[kept:]:
        path.unlink()
    assert S3Ledger(url, mirror).entries() == written.entries()
    assert {path.name: path.read_bytes() for path in mirror.iterdir()} == files


def test_a_mirror_with_a_hole_is_refused(written: S3Ledger, url: str, mirror: Path) -> None:
    (mirror / "00000001.json").unlink()
    with pytest.raises(LedgerError, match=r"00000001\.json: is missing.*read again from s3://"):
        S3Ledger(url, mirror).entries()


@pytest.mark.parametrize("ahead", [1, 3])
def test_a_mirror_that_is_ahead_is_refused(
    written: S3Ledger, url: str, mirror: Path, ahead: int
) -> None:
    for number in range(ahead):
        LocalLedger(mirror).append(0, "forged", {"n": number})
    with pytest.raises(LedgerError, match=r"ledger/0000000\d\.json: differs from the ledger in s3"):
        S3Ledger(url, mirror).entries()
    with pytest.raises(LedgerError, match="differs from the ledger in s3"):
        S3Ledger(url, mirror).append(0, "fact", {})


@pytest.mark.parametrize("place", [0, 3])
def test_a_mirror_that_was_forged_is_refused(
    written: S3Ledger, url: str, mirror: Path, place: int
) -> None:
    for path in sorted(mirror.iterdir())[place:]:
        path.unlink()
    for number in range(place, 4):
        LocalLedger(mirror).append(0, "forged", {"n": number})
    with pytest.raises(LedgerError, match=r"ledger/00000003\.json: differs from the ledger in s3"):
        S3Ledger(url, mirror).entries()


def test_an_entry_that_is_missing_in_the_store_is_an_error(
    written: S3Ledger, s3: S3Server, url: str, tmp_path: Path
) -> None:
    delete(s3, url, "ledger/00000001.json")
    with pytest.raises(LedgerError, match=r"^s3://.*/ledger/00000001\.json: is missing"):
        S3Ledger(url, tmp_path / "new").entries()


@pytest.mark.parametrize("content", [b"", b"{", b'{"seq": 2}\n'])
def test_an_entry_that_was_changed_in_the_store_is_found(
    written: S3Ledger, s3: S3Server, url: str, tmp_path: Path, content: bytes
) -> None:
    put(s3, url, ("ledger/00000002.json", content))
    with pytest.raises(LedgerError, match=r"^s3://.*/ledger/00000002\.json: is not"):
        S3Ledger(url, tmp_path / "new").entries()


def test_entries_that_were_swapped_in_the_store_are_found(
    written: S3Ledger, s3: S3Server, url: str, mirror: Path, tmp_path: Path
) -> None:
    put(s3, url, ("ledger/00000001.json", (mirror / "00000002.json").read_bytes()))
    with pytest.raises(LedgerError, match=r"/ledger/00000001\.json: does not follow"):
        S3Ledger(url, tmp_path / "new").entries()


def test_other_objects_are_no_entries(written: S3Ledger, s3: S3Server, url: str) -> None:
    put(s3, url, ("ledger/notes.txt", b"mine"))
    put(s3, url, ("ledger/00000004.json/part", b"mine"))
    put(s3, f"{url}-2", ("ledger/00000004.json", b"another campaign's"))
    assert len(written.refresh()) == 4


def test_more_entries_than_a_page_of_names_are_listed(s3: S3Server, url: str) -> None:
    put(s3, url, *((f"ledger/{seq:08d}.json", b"") for seq in range(1003)))
    assert len(_s3_store.S3Store(url, None).names("ledger", "")) == 1003


def test_what_others_wrote_is_seen_after_refresh(
    written: S3Ledger, url: str, tmp_path: Path
) -> None:
    theirs = S3Ledger(url, tmp_path / "theirs").append(1, "theirs", {})
    assert theirs not in written.entries()
    assert written.refresh()[-1] == theirs
    assert written.entries()[-1] == theirs


def test_two_processes_may_share_a_mirror(written: S3Ledger, url: str, mirror: Path) -> None:
    other = S3Ledger(url, mirror)
    assert other.entries() == written.entries()
    added = other.append(1, "fact", {})
    with pytest.raises(EntryExistsError):
        written.append(1, "other", {})
    assert written.entries()[-1] == added


def test_kept_bytes_that_were_changed_in_the_store_are_found(
    written: S3Ledger, s3: S3Server, url: str
) -> None:
    digest = written.keep(b"content")
    put(s3, url, (f"kept/{digest}", b"contend"))
    with pytest.raises(LedgerError, match="does not hold the bytes of its name"):
        written.kept(digest)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("act", OF)
def test_a_wire_that_breaks_once_changes_nothing(
    written: S3Ledger, url: str, mirror: Path, proxy: Proxy, name: str, act: str
) -> None:
    ledger = S3Ledger(url, mirror, proxy.url)
    ledger.keep(b"so that the store has been looked at")
    before = ledger.entries()
    proxy.then(FAULTS[name], only=OF[act])
    if act == "keep":
        assert ledger.kept(ledger.keep(b"content")) == b"content"
    elif act in ("list", "get"):
        assert ledger.refresh() == before
    else:
        entry = getattr(ledger, act)(1, "fact", {"n": 4})
        assert S3Ledger(url, mirror).entries() == (*before, entry)
    assert [exchange for exchange in proxy.exchanges if exchange.fault]


@pytest.mark.parametrize("seed", range(4))
def test_a_wire_that_breaks_often_loses_nothing_and_doubles_nothing(
    url: str, mirror: Path, proxy: Proxy, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.3)
    monkeypatch.setattr(objects_s3, "READS", 12)
    monkeypatch.setattr(_s3_store, "TRIES", 12)
    proxy.seeded(seed, 0.4)
    for number in range(12):
        S3Ledger(url, mirror, proxy.url).record(0, "fact", {"n": number})
    bodies = [entry.body for entry in S3Ledger(url, mirror).entries()]
    assert bodies == [{"n": number} for number in range(12)]


def test_a_wire_that_stays_broken_is_one_line(
    written: S3Ledger, url: str, mirror: Path, proxy: Proxy
) -> None:
    ledger = S3Ledger(url, mirror, proxy.url)
    ledger.entries()
    proxy.follow(lambda _: Throttled())
    with pytest.raises(LedgerError, match=r"^s3://.*asks for patience \(429\); try again"):
        ledger.refresh()
    proxy.calm()
    with proxy.down(), pytest.raises(LedgerError, match=r"cannot be reached \(.*; try again"):
        ledger.append(0, "fact", {"n": 9})
    assert len(ledger.refresh()) == 4


def append_through(url: str, mirror: Path, endpoint: str) -> None:
    S3Ledger(url, mirror, endpoint).record(0, "fact", {"n": 9})


@pytest.mark.parametrize("after", [False, True])
def test_killed_in_the_middle_of_a_request_an_entry_is_whole_or_absent(
    written: S3Ledger, url: str, mirror: Path, proxy: Proxy, after: bool
) -> None:
    fork = multiprocessing.get_context("fork")
    child = fork.Process(target=append_through, args=(url, mirror, proxy.url))
    kill: Callable[[], None] = lambda: os.kill(child.pid or 0, signal.SIGKILL)  # noqa: E731
    proxy.then(Cue(kill, after), only=lambda exchange: "00000004" in exchange.path)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert len(LocalLedger(mirror).entries()) == 4
    assert len(S3Ledger(url, mirror).entries()) == 4 + after
    append_through(url, mirror, proxy.url)
    assert [entry.body["n"] for entry in S3Ledger(url, mirror).entries()] == [0, 1, 2, 3, 9]


def test_few_requests_are_made(written: S3Ledger, url: str, mirror: Path, proxy: Proxy) -> None:
    def asked(act: Callable[[], object]) -> list[str]:
        before = len(proxy.exchanges)
        act()
        return [exchange.method for exchange in proxy.exchanges[before:]]

    ledger = S3Ledger(url, mirror, proxy.url)
    assert asked(ledger.entries) == ["GET", "GET"]
    assert asked(ledger.entries) == []
    # The first write of a process asks what the store does with a name that is taken.
    assert asked(lambda: ledger.append(0, "fact", {"n": 4})) == ["PUT", "PUT"]
    assert asked(lambda: ledger.append(0, "fact", {"n": 5})) == ["PUT"]
    assert asked(lambda: ledger.record(0, "fact", {"n": 5})) == []


class Forgetful(BaseHTTPRequestHandler):
    """A store that writes whatever it is told to, wherever it is told to."""

    objects: ClassVar[dict[str, bytes]]
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"")

    def do_GET(self) -> None:
        self.answer(b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>")

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"0"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize("act", ["append", "record", "keep"])
def test_a_store_that_overwrites_is_refused_before_anything_is_written(
    s3_bucket: str, mirror: Path, act: str
) -> None:
    Forgetful.objects = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Forgetful) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        ledger = S3Ledger("s3://bucket/trees", mirror, f"http://127.0.0.1:{server.server_port}")
        arguments = (b"content",) if act == "keep" else (0, "fact", {})
        with pytest.raises(
            CampaignError, match=r"trees/probe\.txt: the store overwrites .* If-None-Match"
        ):
            getattr(ledger, act)(*arguments)
        server.shutdown()
    assert list(Forgetful.objects) == ["/bucket/trees/probe.txt"]
    assert not mirror.exists()


def become(monkeypatch: pytest.MonkeyPatch, s3: S3Server, who: Identity) -> None:
    for name, value in s3.environment(who).items():
        monkeypatch.setenv(name, value)


def test_a_key_may_be_limited_to_one_prefix(
    s3: S3Server, s3_bucket: str, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(monkeypatch, s3, s3.limited)
    S3Ledger(f"s3://{s3_bucket}/allowed/trees", mirror).append(0, "fact", {})
    with pytest.raises(CampaignError, match=r"may not list it .*; allow the key s3:GetObject"):
        S3Ledger(f"s3://{s3_bucket}/forbidden", tmp_path / "other").append(0, "fact", {})


def test_a_key_that_may_only_read_reads(
    written: S3Ledger, s3: S3Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(monkeypatch, s3, s3.reader)
    monkeypatch.setattr(objects_s3, "_kept_their_word", set())
    reader = S3Ledger(url, tmp_path / "reader")
    assert reader.entries() == written.entries()
    for act in (lambda: reader.append(0, "fact", {}), lambda: reader.keep(b"content")):
        with pytest.raises(CampaignError, match=r"may not write it .*; allow the key s3:GetObject"):
            act()


def test_no_credentials_are_told_with_their_mending(
    url: str, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(CampaignError, match=r"secret key .*; check AWS_SECRET_ACCESS_KEY"):
        S3Ledger(url, mirror).entries()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unknown")
    with pytest.raises(CampaignError, match=r"access key .*; check AWS_ACCESS_KEY_ID"):
        S3Ledger(url, mirror).entries()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(
        CampaignError, match=r"there are no credentials .*; export AWS_ACCESS_KEY_ID"
    ):
        S3Ledger(url, mirror).entries()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CampaignError, match=r"could not open it \(.*profile \(nobody\)"):
        S3Ledger(url, mirror).entries()


def test_a_bucket_that_is_not_there_is_told(s3_bucket: str, mirror: Path) -> None:
    with pytest.raises(CampaignError, match="there is no bucket 'not-there'; make it"):
        S3Ledger("s3://not-there/trees", mirror).entries()


def test_a_server_that_is_no_store_is_told(s3: S3Server, url: str, mirror: Path) -> None:
    endpoint = f"http://127.0.0.1:{s3.ports['master.port']}"
    with pytest.raises((CampaignError, LedgerError), match=r"^s3://"):
        S3Ledger(url, mirror, endpoint).entries()


@pytest.mark.parametrize("bad", ["trees", "https://bucket/x", "s3://", "s3://k:s@bucket/x"])
def test_a_url_that_is_none_is_refused_without_repeating_it(bad: str, mirror: Path) -> None:
    with pytest.raises(ParamsError, match=r"^the ledger's url: is no URL such as s3://"):
        S3Ledger(bad, mirror)


def test_an_endpoint_that_is_none_is_refused(url: str, mirror: Path) -> None:
    with pytest.raises(CampaignError, match="the endpoint is no address"):
        S3Ledger(url, mirror, "not an address").entries()


def test_a_bucket_may_have_no_prefix(s3_bucket: str, mirror: Path, tmp_path: Path) -> None:
    entry = S3Ledger(f"s3://{s3_bucket}", mirror).append(0, "fact", {})
    assert S3Ledger(f"s3://{s3_bucket}/", tmp_path / "new").entries() == (entry,)


def test_a_server_that_was_killed_has_what_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with S3Server(tmp_path / "server") as server:
        become(monkeypatch, server, server.owner)
        url = f"s3://{server.fresh_bucket()}/trees"
        entries = [S3Ledger(url, tmp_path / "ledger").append(0, "fact", {"n": n}) for n in range(5)]
        server.kill()
        server.start()
        copytree(tmp_path / "ledger", tmp_path / "copy")
        rmtree(tmp_path / "ledger")
        assert S3Ledger(url, tmp_path / "ledger").entries() == tuple(entries)
        assert S3Ledger(url, tmp_path / "copy").entries() == tuple(entries)
