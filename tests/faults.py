"""A wire that can be told to go wrong: an HTTP proxy between a client and one server.

It passes bytes on unchanged (signatures over headers stay valid), writes down every exchange, and
lets chosen ones suffer a fault::

    with Proxy("127.0.0.1", server.port) as proxy:
        proxy.then(TimeoutAfter(), only=writing)
        client = Client(proxy.url)

What the server still does for a client that gave up is done before the next exchange begins, so
that no test depends on the speed of the machine.
"""

import random
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import ClassVar, Self

from wire import Message, compose, ends_by_closing, read_body, read_head, read_reply

READS = {"GET", "HEAD", "OPTIONS"}
PATIENCE = 300.0
"""Seconds after which a test that hangs is let go on."""


@dataclass
class Exchange:
    """One request as the proxy saw it, and what became of it.

    Attributes
    ----------
    body : bytes
        Of the request, without the sizes of chunks.
    fault : Fault or None
    forwarded : int
        How often the server was given the whole request.
    status : int or None
        Of the reply that the client was sent (at least half of); None if it was sent none.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    fault: "Fault | None" = None
    forwarded: int = 0
    status: int | None = None


Only = Callable[[Exchange], bool]


def anything(exchange: Exchange) -> bool:
    """Match every exchange."""
    return True


def writing(exchange: Exchange) -> bool:
    """Match what may change something at the server."""
    return exchange.method not in READS


class Wire:
    """The two connections of one client during one exchange: what a fault has to play with."""

    def __init__(self, client: socket.socket, upstream: "_Upstream", stopped: threading.Event):
        self.client, self._upstream, self._stopped = client, upstream, stopped

    def begin(self, request: Message, exchange: Exchange) -> None:
        self.request, self.exchange = request, exchange

    def forward(self) -> Message:
        """Give the server the whole request and read its reply."""
        self.exchange.forwarded += 1
        return self._upstream.ask(self.request, self.exchange.method)

    def forward_half(self) -> None:
        """Give the server the head and half of the body, and leave.

        Without a body it is half of the first word: many servers take a head that breaks off
        later for a whole one.
        """
        request = self.request
        half = request.head + request.raw[: len(request.raw) // 2]
        self._upstream.tell(half if request.raw else request.head[:2])
        self._upstream.close()

    def reply(self, message: Message) -> bool:
        """Give the client a reply; says whether the connections stay."""
        self.exchange.status = int(message.first[1])
        self.client.sendall(message.whole)
        return self.request.stays and message.stays and not ends_by_closing(message)

    def reply_half(self, message: Message) -> None:
        """Give the client the first half of a reply."""
        self.exchange.status = int(message.first[1])
        body = len(message.raw)
        self.client.sendall(message.whole[: -(body - body // 2)] if body else message.head[:-9])

    @property
    def left(self) -> bool:
        """Whether the client has gone away in the middle of the exchange."""
        with suppress(OSError):
            waiting = bool(select.select([self.client], [], [], 0)[0])
            return waiting and not self.client.recv(1, socket.MSG_PEEK)
        return True

    def wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def until_client_leaves(self, seconds: float) -> None:
        with suppress(OSError):
            if select.select([self.client], [], [], seconds)[0]:
                self.client.recv(1)

    def reset(self) -> None:
        """Break the client's connection as a crashed machine would: RST, no FIN."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Upstream:
    """A connection to the server, made when needed."""

    def __init__(self, address: tuple[str, int]):
        self._address = address
        self._socket: socket.socket | None = None

    def tell(self, content: bytes) -> socket.socket:
        if self._socket and select.select([self._socket], [], [], 0)[0]:
            self.close()
        if not self._socket:
            self._socket = socket.create_connection(self._address, timeout=2 * PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(content)
        if quickly := getattr(socket, "TCP_QUICKACK", None):
            # A server that writes its reply in two pieces waits 40 ms for our word on the first.
            self._socket.setsockopt(socket.IPPROTO_TCP, quickly, 1)
        return self._socket

    def ask(self, request: Message, method: str) -> Message:
        with self.tell(request.whole).makefile("rb") as stream:
            reply = read_reply(stream, method)
        if not reply.stays or ends_by_closing(reply):
            self.close()
        return reply

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None


class Fault:
    """What goes wrong in one exchange; `kind` names it in tallies."""

    kind: ClassVar[str]

    def suffer(self, wire: Wire) -> bool:
        """Let it happen; say whether the connections stay."""
        raise NotImplementedError


@dataclass(frozen=True)
class CutBefore(Fault):
    """The connection breaks when the server has half of the request."""

    kind = "cut_before"

    def suffer(self, wire: Wire) -> bool:
        wire.forward_half()
        return False


@dataclass(frozen=True)
class TimeoutAfter(Fault):
    """The server does it, and nothing comes back until the client gives up (or `hold` seconds)."""

    kind = "timeout_after"
    hold: float = PATIENCE

    def suffer(self, wire: Wire) -> bool:
        wire.forward()
        wire.until_client_leaves(self.hold)
        return False


@dataclass(frozen=True)
class CutResponse(Fault):
    """The server does it, and its reply breaks off in the middle."""

    kind = "cut_response"

    def suffer(self, wire: Wire) -> bool:
        wire.reply_half(wire.forward())
        return False


@dataclass(frozen=True)
class Delay(Fault):
    """The request is on its way for so long."""

    kind = "delay"
    seconds: float = 0.05

    def suffer(self, wire: Wire) -> bool:
        wire.wait(self.seconds)
        return wire.reply(wire.forward())


@dataclass(frozen=True)
class Duplicate(Fault):
    """The server is given the request twice; the client sees the second reply."""

    kind = "duplicate"

    def suffer(self, wire: Wire) -> bool:
        wire.forward()
        return wire.reply(wire.forward())


@dataclass(frozen=True)
class ServerError(Fault):
    """An error is answered and nothing done; the client cannot know that."""

    kind = "server_error"
    status: int = 503
    body: bytes = b'{"detail": "the server has trouble"}'

    def suffer(self, wire: Wire) -> bool:
        return wire.reply(compose(self.status, self.body))


@dataclass(frozen=True)
class ServerErrorAfter(Fault):
    """It is done, and an error is answered."""

    kind = "server_error_after"
    status: int = 502
    body: bytes = b'{"detail": "the server has trouble"}'

    def suffer(self, wire: Wire) -> bool:
        wire.forward()
        return wire.reply(compose(self.status, self.body))


@dataclass(frozen=True)
class Throttled(Fault):
    """Too often: nothing is done; come back in `retry_after` seconds."""

    kind = "throttled"
    retry_after: int = 1

    def suffer(self, wire: Wire) -> bool:
        return wire.reply(
            compose(429, b'{"detail": "slow down"}', Retry_After=str(self.retry_after))
        )


@dataclass(frozen=True)
class ErrorBody(Fault):
    """An error whose body looks like that of success; nothing is done."""

    kind = "error_body"
    status: int = 500
    body: bytes = b'{"id": 1, "task_count": 1, "task_ids": [1], "results": [], "status": "created"}'

    def suffer(self, wire: Wire) -> bool:
        return wire.reply(compose(self.status, self.body))


@dataclass(frozen=True)
class Reset(Fault):
    """The connection is reset (RST), before or after the server did it."""

    kind = "reset"
    after: bool = False

    def suffer(self, wire: Wire) -> bool:
        if self.after:
            wire.forward()
        wire.reset()
        return False


@dataclass(frozen=True)
class Cue(Fault):
    """`action` is called before or after the server did it, and the connection breaks.

    For a client that is to be killed at a known moment of an exchange.
    """

    kind = "cue"
    action: Callable[[], None]
    after: bool = False

    def suffer(self, wire: Wire) -> bool:
        if self.after:
            wire.forward()
        self.action()
        return False


KINDS: Mapping[str, Callable[..., Fault]] = {
    fault.kind: fault
    for fault in (
        CutBefore,
        TimeoutAfter,
        CutResponse,
        Delay,
        Duplicate,
        ServerError,
        ServerErrorAfter,
        Throttled,
        ErrorBody,
        Reset,
    )
}
"""Every fault by its name, with its usual parameters."""

Plan = Callable[[Exchange], Fault | None]
"""Says what an exchange suffers; called for each in turn, before any of it reaches the server.

All plans are asked until one has a fault; so one that only watches comes first."""


@dataclass
class _Queue:
    faults: Iterator[Fault]
    only: Only
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, exchange: Exchange) -> Fault | None:
        with self.lock:
            return next(self.faults, None) if self.only(exchange) else None


@dataclass
class _Dice:
    rng: random.Random
    rate: float
    faults: Sequence[Fault]
    only: Only
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, exchange: Exchange) -> Fault | None:
        with self.lock:
            if not self.only(exchange) or self.rng.random() >= self.rate:
                return None
            return self.rng.choice(self.faults)


@dataclass
class Proxy:
    """A wire to one HTTP server on this machine.

    Attributes
    ----------
    exchanges : list of Exchange
        In the order in which the requests came.
    """

    host: str
    upstream_port: int
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._plans: list[Plan] = []
        self._threads: list[threading.Thread] = []
        self._clients: set[socket.socket] = set()
        self._working: set[Wire] = set()
        self._state, self._stopped = threading.Condition(), threading.Event()
        self._listener = self._bind(0)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._hang_up()
        for thread in self._threads:
            thread.join(PATIENCE)

    @property
    def writes(self) -> int:
        """How often the server was given a whole request that may change something."""
        return sum(each.forwarded for each in self.exchanges if writing(each))

    def then(self, *faults: Fault, only: Only = anything) -> Plan:
        """Let the next exchanges that match suffer these faults, one each, in this order."""
        return self.follow(_Queue(iter(faults), only))

    def seeded(
        self,
        seed: int,
        rate: float,
        only: Only = anything,
        faults: Sequence[Fault] = tuple(make() for make in KINDS.values()),
    ) -> Plan:
        """Let each exchange that matches suffer a random fault at this rate, until `calm`."""
        return self.follow(_Dice(random.Random(seed), rate, faults, only))

    def follow(self, plan: Plan) -> Plan:
        """Ask this plan too, after those before it, what an exchange suffers."""
        with self._state:
            self._plans.append(plan)
        return plan

    def calm(self, plan: Plan | None = None) -> None:
        """Let all go well from now on; or drop one plan only."""
        with self._state:
            self._plans = [each for each in self._plans if plan is not None and each is not plan]

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse connections meanwhile, and break those that are open."""
        self._hang_up()
        self._listener = self._bind(self.port)
        try:
            yield
        finally:
            self._listen()

    def _bind(self, port: int) -> socket.socket:
        # A port that is bound and not listened to refuses connections, and nobody else gets it.
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        return listener

    def _listen(self) -> None:
        self._listener.listen(128)
        self._start(self._accept, self._listener)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._state:
            for client in self._clients:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with self._state:
                    self._clients.add(client)
                    self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with ExitStack() as stack:
            stack.callback(self._forget, client)
            stack.enter_context(suppress(OSError, ValueError))
            stream = stack.enter_context(client.makefile("rb"))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            upstream = _Upstream((self.host, self.upstream_port))
            stack.callback(upstream.close)
            wire = Wire(client, upstream, self._stopped)
            while head := read_head(stream):
                if b"100-continue" in head.lower():
                    client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                if not self._exchange(wire, read_body(stream, head)):
                    break

    def _forget(self, client: socket.socket) -> None:
        with self._state:
            self._clients.discard(client)
        client.close()

    def _exchange(self, wire: Wire, request: Message) -> bool:
        method, path, _ = request.first
        exchange = Exchange(method, path, request.headers, request.content)
        wire.begin(request, exchange)
        with self._working_on(wire):
            if exchange.fault is None:
                return wire.reply(wire.forward())
            return exchange.fault.suffer(wire)

    @contextmanager
    def _working_on(self, wire: Wire) -> Iterator[None]:
        with self._state:
            self._state.wait_for(lambda: not any(each.left for each in self._working), PATIENCE)
            self._working.add(wire)
            self.exchanges.append(wire.exchange)
            plans = tuple(self._plans)
        try:
            # Not under the lock: a plan may itself speak through this proxy.
            wire.exchange.fault = next(filter(None, (plan(wire.exchange) for plan in plans)), None)
            yield
        finally:
            with self._state:
                self._working.discard(wire)
                self._state.notify_all()


@contextmanager
def trouble(
    proxy: Proxy,
    kind: str,
    *,
    writes: bool = True,
    times: int = 1,
    only: Only = anything,
    **parameters: object,
) -> Iterator[None]:
    """Make the next calls (those that write, or all) go wrong, as `World.trouble` must.

    Parameters
    ----------
    kind : str
        ``down``, or one of `KINDS`, which `parameters` go to.
    only : callable
        A further condition, for servers with a POST that writes nothing.
    """
    if kind == "down":
        with proxy.down():
            yield
        return
    faults = [KINDS[kind](**parameters) for _ in range(times)]
    plan = proxy.then(*faults, only=lambda each: only(each) and (not writes or writing(each)))
    try:
        yield
    finally:
        proxy.calm(plan)
