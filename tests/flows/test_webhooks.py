"""The webhook receiver on a real socket: what is genuine wakes a look, nothing else does."""

import base64
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import HANG_SECONDS
from receiver import BODY, GENEROUS, KEY, SECRET, parse, receiving, sign, stamp
from support import FORK
from webhook_storm import request, storm

from flows import door, seals, webhooks
from flows.hints import looking
from flows.seals import HeaderSeal, HmacSeal, TimedSeal
from flows.webhooks import Bucket, Limits
from tasks.domain.errors import ParamsError, VendorAuthError

HELD = -1.0


@dataclass
class Looks:
    """Counts looks, each of which takes a while, or until the gate is opened if it is `HELD`."""

    seconds: float = 0.0
    gate: threading.Event = field(default_factory=threading.Event)
    count: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, stopping: threading.Event) -> None:
        with self.lock:
            self.count += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        if self.seconds == HELD:
            self.gate.wait(HANG_SECONDS)
        else:
            stopping.wait(self.seconds)
        with self.lock:
            self.at_once -= 1

    def reach(self, count: int) -> None:
        until = time.monotonic() + HANG_SECONDS
        while self.count < count:
            assert time.monotonic() < until
            time.sleep(0.01)


@dataclass
class Receiver:
    url: str
    woken: list[None]

    def post(self, body: bytes = BODY, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(self.url, content=body, headers=named, timeout=HANG_SECONDS)


@pytest.fixture
def signed() -> Iterator[Receiver]:
    woken: list[None] = []
    with receiving(HmacSeal("X-Sig", KEY), lambda: woken.append(None), GENEROUS) as url:
        yield Receiver(url, woken)


@pytest.fixture
def timed() -> Iterator[Receiver]:
    woken: list[None] = []
    with receiving(TimedSeal("X-Sig", KEY), lambda: woken.append(None), GENEROUS) as url:
        yield Receiver(url, woken)


@pytest.fixture
def secretive() -> Iterator[Receiver]:
    woken: list[None] = []
    with receiving(HeaderSeal("X-Token", KEY), lambda: woken.append(None), GENEROUS) as url:
        yield Receiver(url, woken)


@pytest.mark.parametrize("prefix", ["", "sha256="])
@pytest.mark.parametrize("form", [bytes.hex, lambda raw: base64.b64encode(raw).decode()])
def test_a_signed_event_wakes(signed: Receiver, prefix: str, form: Callable[[bytes], str]) -> None:
    assert signed.post(x_sig=prefix + form(sign())).status_code == 202
    assert len(signed.woken) == 1


@pytest.mark.parametrize(
    "signature",
    [
        sign(key=b"another-secret-of-somebody").hex(),
        sign(b"another body").hex(),
        sign().hex()[:-1],
        sign().hex() + "00",
        "",
        "sha256=",
        "x" * 5000,
        "ä",
    ],
)
def test_a_forged_event_wakes_nobody(signed: Receiver, signature: str) -> None:
    headers = {"X-Sig": signature.encode("latin-1")}
    reply = httpx.post(signed.url, content=BODY, headers=headers, timeout=HANG_SECONDS)
    assert (reply.status_code, reply.text) == (401, "not genuine\n")
    assert signed.woken == []


@given(st.binary(max_size=200), st.text(max_size=100))
def test_only_who_knows_the_secret_can_sign(body: bytes, value: str) -> None:
    for seal in (HmacSeal("s", KEY), TimedSeal("s", KEY), HeaderSeal("s", KEY)):
        assert not seal.genuine(value, body)
    assert HmacSeal("s", KEY).genuine(sign(body).hex(), body)
    assert TimedSeal("s", KEY).genuine(stamp(time.time(), body), body)


def test_a_timed_event_is_taken_while_it_is_new(timed: Receiver) -> None:
    assert timed.post(x_sig=stamp(time.time())).status_code == 202
    rotated = stamp(time.time()) + f",v1={'00' * 32}"
    assert timed.post(x_sig=rotated).status_code == 202


@pytest.mark.parametrize("off", [-330.0, 330.0, -1e9])
def test_one_that_is_replayed_later_is_not(timed: Receiver, off: float) -> None:
    assert timed.post(x_sig=stamp(time.time() + off)).status_code == 401
    assert timed.woken == []


def test_the_time_is_signed_too(timed: Receiver) -> None:
    old = stamp(time.time() - 1000).split(",")[1]
    assert timed.post(x_sig=f"t={int(time.time())},{old}").status_code == 401
    # What is signed with its time is no signature of another body either.
    at = int(time.time() - 1000)
    assert timed.post(f"{at}.".encode() + BODY, x_sig=old.split("=")[1]).status_code == 401
    assert timed.woken == []


def test_a_secret_header_is_compared_whole(secretive: Receiver) -> None:
    assert secretive.post(x_token=SECRET).status_code == 202
    for wrong in (SECRET[:-1], SECRET + "x", SECRET.upper(), ""):
        assert secretive.post(x_token=wrong).status_code == 401
    assert len(secretive.woken) == 1


def test_comparing_takes_constant_time(
    signed: Receiver, secretive: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return left == right

    monkeypatch.setattr(seals.hmac, "compare_digest", compare)
    assert signed.post(x_sig=sign().hex()).status_code == 202
    assert secretive.post(x_token="short").status_code == 401
    assert set(compared) == {(32, 32)}


def test_what_is_not_understood_is_refused_without_a_word_of_why(signed: Receiver) -> None:
    for body in (b"no json", b"", b'"explode"', b"[" * 100_000):
        reply = signed.post(body, x_sig=sign(body).hex())
        assert (reply.status_code, reply.text) == (400, "not understood\n")
    assert signed.woken == []


@pytest.mark.parametrize("patience", [3600.0, 0.2])
def test_slow_senders_hold_nobody_up(monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
    monkeypatch.setattr(door, "REQUEST_SECONDS", patience)
    woken: list[None] = []
    starts = [b"", b"POST /webhooks/files HT", b"POST /webhooks/files HTTP/1.1\r\nHost: x\r\n"]
    head = starts[2] + f"X-Sig: {sign().hex()}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    starts += [head + BODY[:-1]]
    with receiving(HmacSeal("X-Sig", KEY), lambda: woken.append(None)) as url:
        port = httpx.URL(url).port
        assert port is not None
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        for number, connection in enumerate(slow):
            connection.sendall(starts[number % 4])
        if patience > HANG_SECONDS:
            # All of them are still there, and in nobody's way.
            client = httpx.Client(timeout=HANG_SECONDS)
            assert client.post(url, content=BODY, headers={"X-Sig": sign().hex()}).is_success
            assert len(woken) == 1
            client.close()
        for connection in slow:
            connection.settimeout(HANG_SECONDS)
            assert patience > HANG_SECONDS or connection.recv(1000) == b""
            connection.close()


def test_a_forged_flood_takes_nothing_from_genuine_events() -> None:
    woken: list[None] = []
    limits = Limits(forged=(1e-5, 5.0))
    with receiving(HmacSeal("X-Sig", KEY), lambda: woken.append(None), limits) as url:
        replies = [
            httpx.post(url, content=BODY, headers={"X-Sig": "00" * 32}, timeout=HANG_SECONDS)
            for _ in range(20)
        ]
        codes = [reply.status_code for reply in replies]
        assert codes == [401] * 5 + [429] * 15
        assert int(replies[-1].headers["retry-after"]) > 90
        assert (
            httpx.post(
                url, content=BODY, headers={"X-Sig": sign().hex()}, timeout=HANG_SECONDS
            ).status_code
            == 202
        )


def test_genuine_events_have_a_limit_too() -> None:
    limits = Limits(genuine=(1e-5, 3.0))
    with receiving(HmacSeal("X-Sig", KEY), lambda: None, limits) as url:
        replies = [
            httpx.post(url, content=BODY, headers={"X-Sig": sign().hex()}, timeout=HANG_SECONDS)
            for _ in range(5)
        ]
    assert [reply.status_code for reply in replies] == [202] * 3 + [429] * 2
    assert 90_000 < int(replies[-1].headers["retry-after"]) <= 100_000


def test_a_storm_of_ten_thousand_events_is_a_few_looks() -> None:
    looks = Looks(seconds=1.0)
    good, bad = (request("files", BODY, "X-Sig", by) for by in (sign().hex(), "00" * 32))
    # One genuine event in five; the rest is forged.
    part = [good if number % 5 == 0 else bad for number in range(1250)]
    with (
        looking(looks, settle=0.2) as wake,
        receiving(HmacSeal("X-Sig", KEY), wake) as url,
        # Processes, so that senders and receiver do not wait for one another's interpreter.
        ProcessPoolExecutor(4, mp_context=FORK) as pool,
    ):
        began = time.monotonic()
        codes = [code for codes in pool.map(storm, [url] * 8, [part] * 8) for code in codes]
        seconds = time.monotonic() - began
        assert len(codes) == 10_000
        genuine, forged = codes[::5], [code for at, code in enumerate(codes) if at % 5]
        assert set(genuine) <= {202, 429}
        assert genuine.count(202) >= 1000
        assert set(forged) == {401, 429}
        looks.reach(1)
        # What comes after the storm leads to a look of its own.
        until = time.monotonic() + HANG_SECONDS
        while storm(url, [good]) != [202]:
            assert time.monotonic() < until
            time.sleep(0.1)
        before = looks.count
        looks.reach(before + 1)
        assert looks.count <= seconds / 1.2 + 3
    assert looks.most_at_once == 1


def test_what_comes_during_a_look_leads_to_one_more() -> None:
    looks = Looks(seconds=HELD)
    with looking(looks, settle=0.01) as wake:
        wake()
        looks.reach(1)
        for _ in range(100):
            wake()
        looks.gate.set()
        looks.reach(2)
        # Long enough for a third look to begin, if there were one.
        time.sleep(0.5)
    assert looks.count == 2


def test_a_look_that_fails_does_not_end_the_looking(caplog: pytest.LogCaptureFixture) -> None:
    attempts: list[None] = []

    def fail(stopping: threading.Event) -> None:
        attempts.append(None)
        raise OSError(SECRET)

    with looking(fail, settle=0.01) as wake:
        for count in (1, 2):
            wake()
            until = time.monotonic() + HANG_SECONDS
            while len(attempts) < count:
                assert time.monotonic() < until
                time.sleep(0.01)
    assert SECRET not in caplog.text


def test_stopping_waits_for_no_look() -> None:
    looks = Looks(seconds=3600)
    with looking(looks, settle=0.0) as wake:
        wake()
        looks.reach(1)
    assert not [thread for thread in threading.enumerate() if thread.name == "hints"]


def test_neither_secret_nor_body_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    private = b'"explode"'
    for seal, value in (
        (HmacSeal("X-Sig", KEY), sign(private).hex()),
        (HeaderSeal("X-Sig", KEY), SECRET),
    ):
        assert SECRET not in repr(seal)
        with receiving(seal, lambda: None) as url:
            for content in (private, BODY):
                httpx.post(url, content=content, headers={"X-Sig": value}, timeout=HANG_SECONDS)
            httpx.post(
                url, content=private, headers={"X-Sig": "forged-value"}, timeout=HANG_SECONDS
            )
    assert "not genuine" in caplog.text
    for text in (SECRET, "explode", "forged-value", sign(private).hex()):
        assert text not in caplog.text


def test_nothing_is_left_when_the_door_is_shut() -> None:
    with receiving(HmacSeal("X-Sig", KEY), lambda: None) as url:
        port = httpx.URL(url).port
    assert port is not None
    assert not [thread for thread in threading.enumerate() if thread.name == "webhooks"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


@pytest.mark.parametrize("address", ["8787", "127.0.0.1", "127.0.0.1:many", ":1", "a:b:c", ""])
def test_an_address_that_is_none_is_a_users_mistake(address: str) -> None:
    with pytest.raises(ParamsError, match="--webhooks"), door.opened(parse, address):  # type: ignore[arg-type]
        pass


def test_a_port_that_is_taken_is_a_users_mistake() -> None:
    with receiving(HmacSeal("X-Sig", KEY), lambda: None) as url:
        taken = f"127.0.0.1:{httpx.URL(url).port}"
        with pytest.raises(ParamsError, match="cannot listen"), door.opened(parse, taken):  # type: ignore[arg-type]
            pass


@pytest.mark.parametrize(
    ("address", "is_loopback"),
    [("127.0.0.1:1", True), ("[::1]:1", True), ("localhost:1", True), ("0.0.0.0:1", False)],
)
def test_what_others_can_reach_is_known(address: str, is_loopback: bool) -> None:
    assert door.is_loopback(address) == is_loopback


def test_a_secret_must_be_there_and_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    with pytest.raises(VendorAuthError, match="HOOK"):
        seals.seal("hmac", "X-Sig", "HOOK")
    monkeypatch.setenv("HOOK", "too short")
    with pytest.raises(ParamsError, match="fewer than 16") as error:
        seals.seal("hmac", "X-Sig", "HOOK")
    assert "too short" not in str(error.value)
    monkeypatch.setenv("HOOK", SECRET)
    assert seals.seal("header", "X-Sig", "HOOK").genuine(SECRET, b"")


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(webhooks.time, "monotonic", lambda: now)
    bucket = Bucket(rate=20.0, burst=2.0)
    assert [bucket.wait(), bucket.wait()] == [0.0, 0.0]
    wait = bucket.wait()
    assert wait == pytest.approx(0.05)
    now += wait + 0.01
    assert bucket.wait() == 0.0
