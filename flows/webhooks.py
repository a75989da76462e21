"""The webhook receiver: a vendor's event is a hint to look now, and nothing else is believed."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from flows.seals import Seal
from tasks.domain.incoming import Hint, MalformedRecordError

Parse = Callable[[Mapping[str, str], bytes], Hint]
log = logging.getLogger(__name__)


@dataclass
class Bucket:
    """A token bucket.

    Attributes
    ----------
    rate : float
        Tokens that come back in a second.
    burst : float
        Tokens that it holds at most, and at first.
    """

    rate: float
    burst: float
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._at = self.burst, time.monotonic()

    def wait(self) -> float:
        """Take a token; gives how many seconds to wait if there was none, else 0."""
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self.rate
        self._left -= 1
        return 0.0


@dataclass(frozen=True)
class Limits:
    """What one sender may ask of the receiver.

    Genuine events and others have a bucket each, so that a flood of forged ones takes nothing from
    those that are genuine.

    Attributes
    ----------
    body : int
        Bytes that a body may have.
    genuine, forged : tuple of float
        Rate (1/s) and burst.
    """

    body: int = 256 * 1024
    genuine: tuple[float, float] = (50.0, 1000.0)
    forged: tuple[float, float] = (1.0, 20.0)


def app(
    vendor: str,
    parse: Parse,
    seal: Seal,
    wake: Callable[[], None],
    limits: Limits | None = None,
) -> Starlette:
    """Make the receiver: ``POST /webhooks/<vendor>`` and ``GET /health``.

    Replies: 202 taken; 400 not the vendor's form; 401 not genuine; 404 and 405 no such place; 413
    too large; 429 too often, with Retry-After.

    Parameters
    ----------
    vendor : str
        The only one that is listened to.
    parse : callable
        Its `parse_event`.
    wake : callable
        Asks for a look; must return at once.
    """
    receive = _receiver(parse, seal, wake, limits or Limits())
    routes = [
        Route(f"/webhooks/{vendor}", receive, methods=["POST"]),
        Route("/health", _health, methods=["GET"]),
    ]
    return Starlette(routes=routes)


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _receiver(
    parse: Parse, seal: Seal, wake: Callable[[], None], limits: Limits
) -> Callable[[Request], Awaitable[Response]]:
    genuine, forged = Bucket(*limits.genuine), Bucket(*limits.forged)

    async def receive(request: Request) -> Response:
        values = request.headers.getlist(seal.header)
        if len(values) != 1 or not seal.plausible(values[0]):
            return _refuse(forged)
        body = await _body(request, limits.body)
        if body is None:
            return _limited(forged) or PlainTextResponse("too large\n", 413)
        if not seal.genuine(values[0], body):
            return _refuse(forged)
        if limited := _limited(genuine):
            return limited
        return _take(parse, dict(request.headers), body, wake)

    return receive


def _take(
    parse: Parse, headers: Mapping[str, str], body: bytes, wake: Callable[[], None]
) -> Response:
    try:
        parse(headers, body)
    except MalformedRecordError:
        return PlainTextResponse("not understood\n", 400)
    except Exception as error:  # noqa: BLE001 - a body that is hostile must not end in a traceback
        log.warning("a genuine webhook could not be parsed: %s", type(error).__name__)
        return PlainTextResponse("not understood\n", 400)
    wake()
    return PlainTextResponse("taken\n", 202)


async def _body(request: Request, limit: int) -> bytes | None:
    """Read the body; None as soon as it is known to be too large."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 12 or int(declared) > limit:
        return None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                return None
    except ClientDisconnect:
        # Nobody hears the reply to half an event.
        return None
    return bytes(body)


def _refuse(forged: Bucket) -> Response:
    if limited := _limited(forged):
        return limited
    log.warning("refused a webhook that is not genuine")
    return PlainTextResponse("not genuine\n", 401)


def _limited(bucket: Bucket) -> Response | None:
    seconds = bucket.wait()
    if not seconds:
        return None
    return PlainTextResponse("too often\n", 429, {"Retry-After": str(int(seconds) + 1)})
