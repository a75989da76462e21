"""Where webhooks come in: the receiver on a socket, for as long as a block lasts."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from flows import crowd
from tasks.domain.errors import ParamsError

REQUEST_SECONDS = 20.0
"""When a connection ends whose request is not complete."""
BACKLOG = 128
"""How many connections are taken at a time, before it is seen which of them make room."""
END_SECONDS = 5.0


@contextmanager
def opened(app: ASGIApp, address: str) -> Iterator[str]:
    """Serve an ASGI application from a thread of this process.

    Yields
    ------
    str
        The address, with the port that was found if 0 was asked for.

    Raises
    ------
    ParamsError
        The address cannot be listened on.
    """
    with _bound(address) as listening:
        server = _server(app)
        thread = threading.Thread(target=server.run, args=([listening],), name="webhooks")
        thread.start()
        host, port = listening.getsockname()[:2]
        try:
            yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join()


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address."""
    host = urlsplit(f"//{address}").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bound(address: str) -> socket.socket:
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        fix = "give HOST:PORT, such as 127.0.0.1:8787"
        raise ParamsError(f"{address!r} is no address", where="--webhooks", fix=fix)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        problem = f"cannot listen on {address}: {error.strerror}"
        raise ParamsError(problem, where="--webhooks", fix="give another one") from None
    # Inherited by connections; asyncio sets it on its own sockets only. Replies take 40 ms without.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class _Hasty(H11Protocol):
    """A connection that ends if a request takes long, however slowly its sender speaks.

    It ends at once if it has to make room for another one.
    """

    address = ""
    since = 0.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.address = crowd.address_of(transport.get_extra_info("peername")[0])
        self._begin()
        all_here = (one for one in self.connections if isinstance(one, _Hasty))
        there = [one for one in all_here if not one.transport.is_closing()]
        if goes := crowd.surplus(there, self):
            goes.transport.abort()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        self._end()
        self.since = self.loop.time()
        # uvicorn itself has a limit for idle connections only.
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _end(self) -> None:
        if self._deadline:
            self._deadline.cancel()


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=_Hasty,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=int(END_SECONDS),
    )
    return uvicorn.Server(config)
