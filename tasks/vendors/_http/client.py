"""A connection to one server.

What reads is tried again a few times. What writes is sent once: if nobody can know whether it took
effect, that is an `OutcomeUnknownError`, and the caller looks before anything is sent again.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from tasks.domain.blotting import BLOT
from tasks.domain.errors import (
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorError,
    VendorRefusedError,
)
from tasks.domain.needs import Need
from tasks.domain.outgoing import Outgoing
from tasks.trust import guard, places
from tasks.vendors._http import body
from tasks.vendors._http.body import TooMuchError
from tasks.vendors._http.failures import unreachable, unsure
from tasks.vendors._http.reply import Reply, encode

LONGEST = 30.0
"""The most seconds that one pause takes, whatever a server asks for."""
LONGEST_HOST = 100
"""Letters of the address that a server points to."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


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
    whole : float
        Seconds that one answer may take in all, however steadily it comes.
    """

    timeout: float = 60.0
    attempts: int = 4
    pause: float = 0.5
    whole: float = 600.0


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
    """A connection to one server, which is spoken with only if the user has confirmed it.

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
        self._url, self._place = places.address(url), places.origin(url)
        self._credentials = credentials
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
        guard.require(Need(self._place))
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
        end = time.monotonic() + self._patience.whole
        try:
            with self._connected().stream(
                method, self._url + path, params=params, content=content, headers=headers
            ) as answer:
                said = _without_proofs(body.read(answer, end), headers)
        except NEVER_SENT as error:
            raise unreachable(error, where) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise VendorRefusedError(f"is no address ({error})", where=where) from None
        except httpx.HTTPError as error:
            raise unsure(f"broke off ({type(error).__name__})", where, once) from None
        except TooMuchError as error:
            if once:
                raise unsure(str(error), where, once) from None
            fix = "check that url is the address of the right server"
            raise VendorRefusedError(str(error), where=where, fix=fix) from None
        return Reply(where, answer.status_code, said, answer.headers)

    def _failure(self, reply: Reply, once: bool) -> VendorError:
        status, where = reply.status, reply.where
        what = f"answered {status}: {reply.said()}"
        if status in (401, 403):
            fix = "check that the token is right, not revoked, and may do this"
            return VendorAuthError(what, where=where, fix=fix)
        if status == 429:
            return ThrottledError("is asked too often", where=where, retry_after=reply.wait())
        if status == 408 or status >= 500:
            return unsure(what, where, once)
        if status < 400:
            to = _host(reply.headers.get("location", ""))
            return VendorRefusedError(f"points to {to}", where=where, fix="set url to that address")
        return VendorRefusedError(what, where=where)

    def _connected(self) -> httpx.Client:
        if self._client is None:
            # A session's cookie would be another way in, past the token.
            jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            self._client = httpx.Client(
                timeout=self._patience.timeout,
                cookies=jar,
                headers={"Accept-Encoding": "gzip"},
                follow_redirects=False,
            )
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


def _without_proofs(content: bytes, headers: Mapping[str, str]) -> bytes:
    """Take out of an answer what proves who we are: what a server says is kept for good."""
    for proof in headers.get("Authorization", "").split()[1:]:
        content = content.replace(proof.encode(), BLOT.encode())
    return content


def _host(location: str) -> str:
    try:
        return urlsplit(location).netloc.rpartition("@")[2][:LONGEST_HOST] or "elsewhere"
    except ValueError:
        return "elsewhere"
