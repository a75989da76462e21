"""What a server answered, and how its JSON is read."""

import email.utils
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tasks.domain.blotting import blotted
from tasks.domain.errors import VendorRefusedError
from tasks.vendors._http.failures import unsure

SAID = 300
"""Letters of a server's own words that go into a message."""


@dataclass(frozen=True)
class Reply:
    """What a server answered, its status already judged.

    Attributes
    ----------
    where : str
        Method and address, without query and secrets.
    content : bytes
        What the server was sent to prove who we are is not in it, even if the server quoted that.
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
        except (KeyError, ValueError, TypeError, IndexError, OverflowError):
            return datetime.now(UTC)

    def said(self) -> str:
        """Quote the beginning of the body on one line."""
        # A secret that is cut in two is not recognised any more.
        text = blotted(self.content[: 64 * SAID].decode(errors="replace"))
        return " ".join(text[: 4 * SAID].split())[:SAID]

    def wait(self) -> float | None:
        """Give the seconds that the server asks to wait; None if it does not say."""
        value = self.headers.get("retry-after", "")
        try:
            if value.isascii() and value.isdigit():
                return float(value)
            wait = email.utils.parsedate_to_datetime(value) - self.at
            return max(wait.total_seconds(), 0.0)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None


def encode(body: Any) -> bytes:
    """Write a body as JSON."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def is_json(reply: Reply) -> bool:
    """Whether a reply is JSON, by its body."""
    try:
        json.loads(reply.content)
    except (ValueError, RecursionError):
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
    except RecursionError:
        raise unsure("answered JSON that is nested too deep", reply.where, once) from None
    except ValueError:
        if not once and "json" not in reply.headers.get("content-type", "json"):
            fix = "check that url is the address of the right server"
            what = f"answered a page and no JSON: {reply.said()[:60]}"
            raise VendorRefusedError(what, where=reply.where, fix=fix) from None
        raise unsure("answered JSON that breaks off", reply.where, once) from None
