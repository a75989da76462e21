"""Both kinds of Label Studio's tokens: legacy ones, and personal ones that must be exchanged."""

import time
from collections.abc import Mapping

from tasks.domain.blotting import remember
from tasks.domain.errors import TransientError, VendorAuthError
from tasks.trust import guard
from tasks.vendors._http.client import Post
from tasks.vendors._http.reply import Reply, decoded

FRESH = 240.0
"""Seconds that an access token is used; the server lets it live for 300."""


class Token:
    """The token that an environment variable holds; looked up anew for every request.

    A personal access token (three parts with dots) is exchanged for one that lives for five
    minutes. A legacy token is sent as it is.

    Parameters
    ----------
    name : str
        The variable.
    place : str
        The server that it goes to.
    """

    def __init__(self, name: str, place: str) -> None:
        self._name, self._place = name, place
        self._access: tuple[str, str, float] | None = None

    def headers(self, post: Post) -> Mapping[str, str]:
        """Give the header; asks the server for an access token if there is none."""
        token = guard.secret(self._name, self._place).strip()
        if token.count(".") != 2:
            return {"Authorization": f"Token {token}"}
        return {"Authorization": f"Bearer {self._exchanged(token, post)}"}

    def expired(self) -> bool:
        """Forget the access token; say whether there was one."""
        known, self._access = self._access, None
        return known is not None

    def _exchanged(self, token: str, post: Post) -> str:
        if self._access is not None:
            of, access, until = self._access
            if of == token and time.monotonic() < until:
                return access
        access = self._granted(post("/api/token/refresh/", {"refresh": token}))
        remember(access)
        self._access = (token, access, time.monotonic() + FRESH)
        return access

    def _granted(self, reply: Reply) -> str:
        if reply.status == 429 or reply.status >= 500:
            raise TransientError(f"answered {reply.status}", where=reply.where)
        if reply.status != 200:
            fix = f"make another under Account & Settings, and export it as {self._name}"
            what = "the personal access token is wrong, expired or revoked"
            raise VendorAuthError(what, where=reply.where, fix=fix)
        body = decoded(reply)
        access = body.get("access") if isinstance(body, dict) else None
        if not isinstance(access, str) or not access.isascii():
            raise VendorAuthError("gave no access token", where=reply.where)
        return access
