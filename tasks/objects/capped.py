"""How much a server may say, and for how long.

botocore reads a listing or an error whole before anybody looks at it, however long it is and
however slowly it comes.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as Silence

MOST = 32 << 20
"""Bytes of a listing or an error: a thousand of the longest names are 2 MB."""
LONGEST = 600.0
"""Seconds that one reply may take in all."""
PIECE = 1 << 16
NUMBERS = (
    "Content-Length",
    "x-amz-missing-meta",
    "x-amz-mp-parts-count",
    "x-amz-tagging-count",
)
TIMES = ("Last-Modified", "x-amz-object-lock-retain-until-date")
"""Headers of an object that botocore reads as numbers, and as times."""


class TooMuchError(HTTPClientError):  # type: ignore[misc] # botocore has no types
    """A server says more than anybody asked for, or for too long."""

    fmt = "{what}"


class Capped:
    """A session of botocore that reads no more than it should.

    Parameters
    ----------
    session : botocore.httpsession.URLLib3Session
        Speaks.
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: Any) -> AWSResponse:
        """Send a request; an answer that is not streamed is read here."""
        end = time.monotonic() + LONGEST
        is_streamed, request.stream_output = request.stream_output, True
        reply = self._session.send(request)
        request.stream_output = is_streamed
        if is_streamed and reply.status_code < 300:
            _refuse_unreadable(reply)
            return AWSResponse(reply.url, reply.status_code, reply.headers, Timed(reply.raw, end))
        content = _whole(reply.raw, reply.headers.get("Content-Length"), request.url, end)
        return AWSResponse(reply.url, reply.status_code, reply.headers, Read(content))

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()


class Read:
    """A body that has been read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        """Give it in one piece."""
        yield self._content


class Timed:
    """A body that must end in time."""

    def __init__(self, raw: Any, end: float) -> None:
        self._raw, self._end = raw, end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def read(self, amount: int | None = None) -> bytes:
        """Read so many bytes."""
        parts: list[bytes] = []
        left = amount
        while left is None or left > 0:
            part = self._raw.read1(PIECE if left is None else min(PIECE, left))
            if not part:
                break
            _refuse_late(self._end)
            parts.append(part)
            left = None if left is None else left - len(part)
        return b"".join(parts)


def _whole(raw: Any, declared: str | None, url: str, end: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        _refuse_long(declared)
        while part := raw.read1(PIECE):
            parts.append(part)
            size += len(part)
            if size > MOST:
                raise _too_much()
            _refuse_late(end)
    except Silence as error:
        raise ReadTimeoutError(endpoint_url=url, error=error) from error
    except (HTTPError, OSError) as error:
        raise ConnectionClosedError(endpoint_url=url, error=error) from error
    finally:
        # What was read to its end is used again; what was not would be read as the next reply.
        if not raw.closed:
            raw.close()
    return b"".join(parts)


def _refuse_unreadable(reply: Any) -> None:
    """Refuse headers that botocore could not read: it would leave the body open behind them."""
    try:
        for name in NUMBERS:
            int(reply.headers.get(name, "0"))
        for name in TIMES:
            if name in reply.headers:
                parse_timestamp(reply.headers[name])
    except (ValueError, RuntimeError, OverflowError) as error:
        reply.raw.close()
        raise ResponseParserError(f"a header cannot be read: {type(error).__name__}") from None


def _refuse_long(declared: str | None) -> None:
    if declared and re.fullmatch("[0-9]{1,20}", declared) and int(declared) > MOST:
        raise _too_much()


def _refuse_late(end: float) -> None:
    if time.monotonic() > end:
        raise TooMuchError(what=f"its reply takes more than {LONGEST:.0f} seconds")


def _too_much() -> TooMuchError:
    return TooMuchError(what=f"its reply has more than {MOST >> 20} MB")
