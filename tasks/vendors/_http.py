"""HTTP for vendors: one place that sends, so that every failure becomes the right error.

What reads is tried again a few times. What writes is sent once: if nobody can know whether it took
effect, that is an `OutcomeUnknownError`, and the caller looks before anything is sent again.
"""

import email.utils
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from tasks.domain.errors import (
    OutcomeUnknownError,
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorError,
    VendorRefusedError,
)
from tasks.domain.outgoing import Outgoing

LONGEST = 30.0
"""The most seconds that one pause takes, whatever a server asks for."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
SAID = 300
"""Letters of a server's own words that go into a message."""


@dataclass(frozen=True)
class Patience:
    """How long is waited.

    Attributes
    ----------
    timeout : float
        Seconds for a connection, and for each silence during an answer.
    attempts : int
        How often what only reads is tried.
    pause : float
        Seconds before the second attempt; each later one waits twice as long.
    """

    timeout: float = 60.0
    attempts: int = 4
    pause: float = 0.5


@dataclass(frozen=True)
class Reply:
    """What a server answered, its status already judged.

    Attributes
    ----------
    where : str
        Method and address, without query and secrets.
    """

    where: str
    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def at(self) -> datetime:
        """When it was answered, by the server's clock, to the second; ours if it has none."""
        try:
            return email.utils.parsedate_to_datetime(self.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError, TypeError):
            return datetime.now(UTC)

    def said(self) -> str:
        """Quote the beginning of the body on one line."""
        return " ".join(self.content[: 4 * SAID].decode(errors="replace").split())[:SAID]


class Post(Protocol):
    """Sends a body without credentials, and gives the answer whatever its status."""

    def __call__(self, path: str, body: Any) -> Reply: ...


class Credentials(Protocol):
    """What opens the door."""

    def headers(self, post: Post) -> Mapping[str, str]:
        """Give the headers of a request; `post` is there to fetch them with."""
        ...

    def expired(self) -> bool:
        """Learn that they were not accepted; say whether others may be."""
        ...


class Http:
    """A connection to one server.

    Parameters
    ----------
    url : str
        Its address; paths are put behind it.
    outgoing : callable
        Is told every body before it leaves.
    """

    def __init__(
        self, url: str, credentials: Credentials, outgoing: Outgoing, patience: Patience
    ) -> None:
        self._url, self._credentials = url.rstrip("/"), credentials
        self._outgoing, self._patience = outgoing, patience
        self._client: httpx.Client | None = None

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, allow: tuple[int, ...] = ()
    ) -> Reply:
        """Read; statuses in `allow` are given back, all others above 299 are errors."""
        return self._retrying()(self._exchange, "GET", path, params, None, allow, False)

    def send(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        params: Mapping[str, Any] | None = None,
        allow: tuple[int, ...] = (),
        repeatable: bool = False,
        secret: bool = False,
    ) -> Reply:
        """Write; `repeatable` if doing it twice is the same as once, so that it may be retried.

        A body that holds a secret, and nothing of items, is not told to `outgoing`.
        """
        content = b"" if body is None else encode(body)
        if content and not secret:
            self._outgoing(f"{method} {path}", content)
        if not repeatable:
            return self._exchange(method, path, params, content, allow, True)
        return self._retrying()(self._exchange, method, path, params, content, allow, False)

    def close(self) -> None:
        """Let go of all connections."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        content: bytes | None,
        allow: tuple[int, ...],
        once: bool,
    ) -> Reply:
        reply = self._authorized(method, path, params, content, once)
        if reply.status == 401 and self._credentials.expired():
            reply = self._authorized(method, path, params, content, once)
        if reply.status < 300 or reply.status in allow:
            return reply
        raise self._failure(reply, once)

    def _authorized(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        content: bytes | None,
        once: bool,
    ) -> Reply:
        headers = dict(self._credentials.headers(self._bare))
        return self._once(method, path, params, content, headers, once)

    def _bare(self, path: str, body: Any) -> Reply:
        return self._once("POST", path, None, encode(body), {}, False)

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        content: bytes | None,
        headers: dict[str, str],
        once: bool,
    ) -> Reply:
        where = f"{method} {self._url}{path}"
        if content:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._connected().request(
                method, self._url + path, params=params, content=content, headers=headers
            )
        except NEVER_SENT as error:
            raise _unreachable(error, where) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise VendorRefusedError(f"is no address ({error})", where=where) from None
        except httpx.HTTPError as error:
            raise unsure(f"broke off ({type(error).__name__})", where, once) from None
        return Reply(where, answer.status_code, answer.content, answer.headers)

    def _failure(self, reply: Reply, once: bool) -> VendorError:
        status, where = reply.status, reply.where
        what = f"answered {status}: {reply.said()}"
        if status in (401, 403):
            fix = "check that the token is right, not revoked, and may do this"
            return VendorAuthError(what, where=where, fix=fix)
        if status == 429:
            return ThrottledError(
                "is asked too often", where=where, retry_after=_retry_after(reply)
            )
        if status == 408 or status >= 500:
            return unsure(what, where, once)
        if status < 400:
            to = urlsplit(reply.headers.get("location", "")).netloc or "elsewhere"
            return VendorRefusedError(f"points to {to}", where=where, fix="set url to that address")
        return VendorRefusedError(what, where=where)

    def _connected(self) -> httpx.Client:
        if self._client is None:
            # A session's cookie would be another way in, past the token.
            jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            self._client = httpx.Client(timeout=self._patience.timeout, cookies=jar)
        return self._client

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type((TransientError, ThrottledError)),
            stop=stop_after_attempt(self._patience.attempts),
            wait=self._pause,
            sleep=time.sleep,
            reraise=True,
        )

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = (error.retry_after if isinstance(error, ThrottledError) else None) or 0.0
        longest = LONGEST if self._patience.pause else 0.0
        usual = self._patience.pause * 2.0 ** (state.attempt_number - 1)
        return min(max(usual, asked), longest)


def encode(body: Any) -> bytes:
    """Write a body as JSON."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def unsure(what: str, where: str, once: bool) -> VendorError:
    """Make the error of a call whose effect is not known: it matters only if it writes."""
    if once:
        fix = "look what is there before sending anything again"
        return OutcomeUnknownError(what, where=where, fix=fix)
    return TransientError(what, where=where, fix="try again later")


def is_json(reply: Reply) -> bool:
    """Whether a reply is JSON, by its body."""
    try:
        json.loads(reply.content)
    except ValueError:
        return False
    return True


def decoded(reply: Reply, once: bool = False) -> Any:
    """Read a reply's JSON.

    Raises
    ------
    VendorRefusedError
        It is a page for people: something else is at this address.
    """
    try:
        return json.loads(reply.content)
    except ValueError:
        if not once and "json" not in reply.headers.get("content-type", "json"):
            fix = "check that url is the address of the right server"
            what = f"answered a page and no JSON: {reply.said()[:60]}"
            raise VendorRefusedError(what, where=reply.where, fix=fix) from None
        raise unsure("answered JSON that breaks off", reply.where, once) from None


def _unreachable(error: Exception, where: str) -> VendorError:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        fix = "export SSL_CERT_FILE with the authority that signed it"
        return VendorRefusedError("has a certificate that is not trusted", where=where, fix=fix)
    fix = "check that the server runs and that url is its address"
    return TransientError(f"nobody answers ({type(error).__name__})", where=where, fix=fix)


def _retry_after(reply: Reply) -> float | None:
    value = reply.headers.get("retry-after", "")
    try:
        if value.isdigit():
            return float(value)
        wait = email.utils.parsedate_to_datetime(value) - reply.at
        return max(wait.total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
