"""What a webhook must look like, byte by byte: no spelling of a request gets by the signature."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from processes import HANG_SECONDS
from receiver import BODY, GENEROUS, KEY, receiving, sign, stamp

from flows.seals import HeaderSeal, HmacSeal, Seal, TimedSeal
from flows.webhooks import Limits

HEADER = "X-Sig"
PLACE = "/webhooks/files"
SEALS = {
    "hmac": (HmacSeal(HEADER, KEY), lambda: sign().hex()),
    "hmac-timestamp": (TimedSeal(HEADER, KEY), lambda: stamp(time.time())),
    "header": (HeaderSeal(HEADER, KEY), KEY.decode),
}


@dataclass
class Raw:
    """A receiver that is spoken to in bytes.

    Attributes
    ----------
    url : str
    seal : Seal
    value : str
        What a genuine request's header holds.
    """

    url: str
    seal: Seal
    value: str
    woken: list[None] = field(default_factory=list)

    def say(self, request: bytes) -> bytes:
        """Send bytes and no more, and read the status line of the reply; empty if there is none."""
        at = urlsplit(self.url)
        with socket.create_connection((at.hostname, at.port or 0), HANG_SECONDS) as talk:
            talk.sendall(request)
            with talk.makefile("rb") as reply:
                return reply.readline()

    def post(self, *headers: tuple[str, str], place: str = PLACE, body: bytes = BODY) -> int:
        """Post with headers as they are spelled here; give the status."""
        lines = [f"POST {place} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return status(self.say("\r\n".join([*lines, "", ""]).encode("latin-1") + body))


def status(line: bytes) -> int:
    return int(line.split()[1])


@pytest.fixture(params=SEALS)
def raw(request: Any) -> Iterator[Raw]:
    seal, value = SEALS[request.param]
    woken: list[None] = []
    with receiving(seal, lambda: woken.append(None), GENEROUS) as url:
        yield Raw(url, seal, value(), woken)


@pytest.mark.parametrize("name", ["X-Sig", "x-sig", "X-SIG", "x-SiG"])
def test_a_headers_name_is_read_in_any_case(raw: Raw, name: str) -> None:
    assert raw.post((name, raw.value)) == 202
    assert len(raw.woken) == 1


def test_a_missing_or_empty_signature_is_none(raw: Raw) -> None:
    assert raw.post() == 401
    assert raw.post((HEADER, "")) == 401
    assert raw.post((HEADER, "   ")) == 401
    assert raw.post(("X-Sig-2", raw.value)) == 401
    assert raw.woken == []


@pytest.mark.parametrize("second", ["", "0", "same"])
@pytest.mark.parametrize("name", ["X-Sig", "x-sig"])
def test_two_signatures_are_none_even_if_both_are_genuine(raw: Raw, name: str, second: str) -> None:
    other = raw.value if second == "same" else second
    assert raw.post((HEADER, raw.value), (name, other)) == 401
    assert raw.post((name, other), (HEADER, raw.value)) == 401
    assert raw.woken == []


FULLWIDTH = "\N{FULLWIDTH DIGIT ZERO}"


@pytest.mark.parametrize("wrong", ["ä", "\xff" * 64, FULLWIDTH, "\x7f", "t=1,v1=ä", "t=²,v1=00"])
def test_what_is_not_ascii_is_no_signature(raw: Raw, wrong: str) -> None:
    said = wrong.encode().decode("latin-1")
    assert raw.post((HEADER, said)) in (400, 401)
    assert raw.post((HEADER, raw.value + said)) in (400, 401)
    assert raw.woken == []


def test_a_signature_of_another_body_is_none() -> None:
    for seal, value in list(SEALS.values())[:2]:
        woken: list[None] = []
        with receiving(seal, lambda woken=woken: woken.append(None), GENEROUS) as url:
            talk = Raw(url, seal, value(), woken)
            assert talk.post((HEADER, talk.value), body=BODY + b" ") == 401
            assert talk.post((HEADER, talk.value), body=b"") == 401
        assert woken == []


PATHS = [
    "//webhooks/files",
    "/webhooks//files",
    "/webhooks/files/",
    "/webhooks/files/..",
    "/webhooks/../webhooks/files",
    "/health/../webhooks/files",
    "/webhooks/./files",
    "/webhooks/files%2f..",
    "/webhooks/%2e%2e/webhooks/files",
    "/webhooks/files%00",
    "/webhooks/files;a",
    "/webhooks/FILES",
    "/webhooks/simulated",
    "/webhooks/",
    "/",
    "*",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_other_path_leads_here(raw: Raw, path: str) -> None:
    assert raw.post((HEADER, raw.value), place=path) in (307, 400, 404)
    assert raw.woken == []


OTHER_SPELLINGS = ["/webhooks/file%73", "/webhooks%2ffiles", f"http://x{PLACE}", f"{PLACE}?a=b"]


@pytest.mark.parametrize("path", [*PATHS, *OTHER_SPELLINGS])
def test_no_path_gets_by_the_signature(raw: Raw, path: str) -> None:
    assert raw.post(place=path) in (307, 400, 401, 404)
    assert raw.woken == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post"])
def test_no_other_method_is_heard(raw: Raw, method: str) -> None:
    head = f"{method} {PLACE} HTTP/1.1\r\nHost: x\r\n{HEADER}: {raw.value}\r\n"
    request = f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    assert status(raw.say(request)) in (400, 405)
    assert raw.woken == []


@pytest.mark.parametrize("length", [str(10**9), "262145", "9" * 13])
def test_a_declared_size_is_refused_before_a_byte_of_the_body_came(raw: Raw, length: str) -> None:
    head = f"POST {PLACE} HTTP/1.1\r\nHost: x\r\n{HEADER}: {raw.value}\r\n"
    assert status(raw.say(f"{head}Content-Length: {length}\r\n\r\n".encode())) in (400, 413)
    assert raw.woken == []


@pytest.mark.parametrize("length", ["-1", "+23", "0x17", "٢٣", "23, 24", "1e3", ""])
def test_a_size_that_is_none_is_refused(raw: Raw, length: str) -> None:
    head = f"POST {PLACE} HTTP/1.1\r\nHost: x\r\n{HEADER}: {raw.value}\r\n"
    said = raw.say(f"{head}Content-Length: {length}\r\n\r\n".encode() + BODY)
    assert status(said) == 400
    assert raw.woken == []


def test_a_body_without_end_is_refused_while_it_is_being_sent() -> None:
    seal, value = SEALS["hmac"]
    with receiving(seal, lambda: None, Limits(body=1000, genuine=(1e6, 1e6))) as url:
        head = f"POST {PLACE} HTTP/1.1\r\nHost: x\r\n{HEADER}: {value()}\r\n"
        chunk = b"64\r\n" + b"1" * 100 + b"\r\n"
        # The last chunk, which would end the body, is never sent.
        request = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * 11
        assert status(Raw(url, seal, "").say(request)) == 413


def test_headers_without_end_are_refused(raw: Raw) -> None:
    head = f"POST {PLACE} HTTP/1.1\r\nHost: x\r\n".encode()
    assert status(raw.say(head + b"X-Long: " + b"a" * 100_000)) == 400
    assert raw.woken == []


def test_a_large_body_is_refused_before_it_is_kept() -> None:
    woken: list[None] = []
    limits = Limits(body=1000, genuine=(1e6, 1e6), forged=(1e6, 1e6))
    with receiving(HmacSeal("X-Sig", KEY), lambda: woken.append(None), limits) as url:
        for body in (b"1" * 1001, b"1" * 5_000_000):
            headers = {"X-Sig": sign(body).hex()}
            assert (
                httpx.post(url, content=body, headers=headers, timeout=HANG_SECONDS).status_code
                == 413
            )

        def endless() -> Iterator[bytes]:
            for _ in range(100):
                yield b"1" * 100

        headers = {"X-Sig": sign(b"1" * 10_000).hex()}
        assert (
            httpx.post(url, content=endless(), headers=headers, timeout=HANG_SECONDS).status_code
            == 413
        )
        exact = b"1" * 1000
        assert httpx.post(
            url, content=exact, headers={"X-Sig": sign(exact).hex()}, timeout=HANG_SECONDS
        ).is_success
    assert len(woken) == 1
