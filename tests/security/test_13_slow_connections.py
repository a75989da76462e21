"""Connections that are slow on purpose keep no genuine webhook out, and nothing here is by time."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import httpx
import pytest
from processes import HANG_SECONDS
from receiver import BODY, GENEROUS, KEY, receiving, sign
from webhook_storm import code_of, request, storm

from flows import crowd, door
from flows.seals import HmacSeal

STARTS = (b"", b"POST /webhooks/files HT", b"POST /webhooks/files HTTP/1.1\r\nHost: x\r\n")
GENUINE = request("files", BODY, "X-Sig", sign().hex())
THE_SLOW, ANOTHER = "127.0.0.1", "127.0.0.2"


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Receive, and never end a connection for its slowness alone."""
    monkeypatch.setattr(door, "REQUEST_SECONDS", 3600.0)
    with receiving(HmacSeal("X-Sig", KEY), lambda: None, GENEROUS) as url:
        yield url


@contextmanager
def slow(url: str, hosts: list[str]) -> Iterator[list[socket.socket]]:
    """Open a connection from each address, one after another, and begin a request on it."""
    port = httpx.URL(url).port or 0
    with ExitStack() as stack:
        opened = []
        for number, host in enumerate(hosts):
            one = socket.create_connection((THE_SLOW, port), source_address=(host, 0))
            opened.append(stack.enter_context(one))
            # It may have been ended already.
            with suppress(OSError):
                one.sendall(STARTS[number % len(STARTS)])
        yield opened


def has_ended(connection: socket.socket) -> bool:
    """Wait until a connection was ended from the other side."""
    connection.settimeout(HANG_SECONDS)
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(100) != b""
    except BlockingIOError:
        return True


def test_many_slow_ones_keep_nobody_out(url: str) -> None:
    with slow(url, [THE_SLOW] * 500) as connections:
        assert storm(url, [GENUINE], ANOTHER) == [202]
        ended = connections[: -crowd.OF_ONE_ADDRESS]
        assert all(has_ended(one) for one in ended)
        assert all(is_open(one) for one in connections[len(ended) :])
        # Behind a proxy the genuine event comes from the same address as the slow ones.
        assert storm(url, [GENUINE], THE_SLOW) == [202]
        assert has_ended(connections[len(ended)])
        assert all(is_open(one) for one in connections[len(ended) + 1 :])


def test_slow_ones_from_many_addresses_keep_nobody_out(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "CONNECTIONS", 40)
    with slow(url, [f"127.0.1.{number}" for number in range(1, 61)]) as connections:
        assert storm(url, [GENUINE], ANOTHER) == [202]
        assert all(has_ended(one) for one in connections[:21])
        assert all(is_open(one) for one in connections[21:])


def test_who_has_one_connection_keeps_it_while_another_has_many(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "CONNECTIONS", 40)
    with slow(url, [ANOTHER] + [THE_SLOW] * 60) as (one, *many):
        assert storm(url, [GENUINE], ANOTHER) == [202]
        assert is_open(one)
        assert has_ended(many[0])


def test_a_connection_that_served_is_newer_than_one_that_waits(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "OF_ONE_ADDRESS", 2)
    with slow(url, [THE_SLOW] * 2) as (served, waiting):
        served.sendall(GENUINE)
        # It has served once the reply has ended; the head comes before that.
        with served.makefile("rb") as replies:
            assert code_of(replies) == 202
        assert storm(url, [GENUINE], THE_SLOW) == [202]
        assert has_ended(waiting)
        assert is_open(served)


@dataclass(frozen=True)
class Held:
    address: str
    since: float


@pytest.mark.parametrize(
    ("hosts", "are_one"),
    [
        (("192.0.2.1", "192.0.2.2"), False),
        (("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), True),
        (("2001:db8:1:2::1", "2001:db8:1:3::1"), False),
        (("192.0.2.1", "::ffff:192.0.2.1"), True),
        (("::ffff:192.0.2.1", "::ffff:192.0.2.2"), False),
    ],
)
def test_a_households_addresses_are_one(hosts: tuple[str, str], are_one: bool) -> None:
    assert (crowd.address_of(hosts[0]) == crowd.address_of(hosts[1])) == are_one


def test_the_newest_never_makes_room() -> None:
    held = [Held(str(number % 7), float(number)) for number in range(crowd.CONNECTIONS + 1)]
    goes = crowd.surplus(held, held[-1])
    assert goes is not None
    assert goes.since < 7
    assert crowd.surplus(held[1:], held[-1]) is None
