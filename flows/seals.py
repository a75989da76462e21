"""How a webhook shows that it is genuine: a signature of its body, or a secret in a header."""

import base64
import binascii
import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field
from typing import Literal, Protocol

from tasks.domain.errors import ParamsError
from tasks.domain.secrets import secret

Scheme = Literal["hmac", "hmac-timestamp", "header"]
HEADERS: dict[Scheme, str] = {
    "hmac": "X-Signature-256",
    "hmac-timestamp": "X-Signature",
    "header": "X-Webhook-Token",
}
TOLERANCE_SECONDS = 300.0
SHORTEST = 16
LONGEST = 1024


class Seal(Protocol):
    """Tells genuine events from others, in constant time."""

    header: str

    def plausible(self, value: str) -> bool:
        """Whether it may be genuine as far as can be known before the body was read."""
        ...

    def genuine(self, value: str, body: bytes) -> bool:
        """Whether the header's value is that of somebody who knows the secret."""
        ...


@dataclass(frozen=True)
class HeaderSeal:
    """The secret itself, for vendors that cannot sign.

    Whoever overhears it can send what they like. Only looks follow.

    Attributes
    ----------
    header : str
    key : bytes
    """

    header: str
    key: bytes = field(repr=False)

    def plausible(self, value: str) -> bool:
        """As `Seal`."""
        given = value.encode("latin-1", "replace")
        # Digests, so that not even the secret's length can be measured.
        return hmac.compare_digest(_sha256(given), _sha256(self.key))

    def genuine(self, value: str, body: bytes) -> bool:
        """As `Seal`."""
        return self.plausible(value)


@dataclass(frozen=True)
class HmacSeal:
    """HMAC-SHA256 of the body, in hex or base64, with or without ``sha256=`` before it.

    An event that was overheard can be sent again at any time. Only a look follows.

    Attributes
    ----------
    header : str
    key : bytes
    """

    header: str
    key: bytes = field(repr=False)

    def plausible(self, value: str) -> bool:
        """As `Seal`."""
        return _decoded(value) is not None

    def genuine(self, value: str, body: bytes) -> bool:
        """As `Seal`."""
        return _signed(self.key, body, _decoded(value))


@dataclass(frozen=True)
class TimedSeal:
    """``t=<Unix seconds>,v1=<signature>``, where what is signed is ``<t>.<body>``.

    So an event that was overheard is worth nothing once it is old. There may be several ``v1``,
    as there are while a vendor changes its secret.

    Attributes
    ----------
    header : str
    key : bytes
    tolerance : float
        Seconds that the time may be off, either way.
    """

    header: str
    key: bytes = field(repr=False)
    tolerance: float = TOLERANCE_SECONDS

    def plausible(self, value: str) -> bool:
        """As `Seal`."""
        at, signatures = self._parts(value)
        return at is not None and abs(time.time() - int(at)) <= self.tolerance and bool(signatures)

    def genuine(self, value: str, body: bytes) -> bool:
        """As `Seal`."""
        at, signatures = self._parts(value)
        content = f"{at}.".encode() + body
        return self.plausible(value) and any(
            _signed(self.key, content, _decoded(one)) for one in signatures[:4]
        )

    def _parts(self, value: str) -> tuple[str | None, list[str]]:
        parts = [part.strip().partition("=") for part in value.split(",")]
        times = [text for name, _, text in parts if name == "t"]
        at = times[0] if len(times) == 1 and re.fullmatch("[0-9]{1,12}", times[0]) else None
        return at, [text for name, _, text in parts if name == "v1"]


def seal(scheme: Scheme, header: str, secret_env: str) -> Seal:
    """Make a seal with the secret of that name.

    Raises
    ------
    VendorAuthError
        There is no such secret.
    ParamsError
        It is too short to be one.
    """
    key = secret(secret_env).encode()
    if len(key) < SHORTEST:
        fix = "make one with `openssl rand -hex 32`, and tell the vendor"
        raise ParamsError(f"has fewer than {SHORTEST} characters", where=secret_env, fix=fix)
    made = {"hmac": HmacSeal, "hmac-timestamp": TimedSeal, "header": HeaderSeal}[scheme]
    found: Seal = made(header, key)
    return found


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _signed(key: bytes, content: bytes, signature: bytes | None) -> bool:
    expected = hmac.digest(key, content, hashlib.sha256)
    return signature is not None and hmac.compare_digest(signature, expected)


def _decoded(value: str) -> bytes | None:
    if len(value) > LONGEST:
        return None
    text = value.strip().removeprefix("sha256=")
    if re.fullmatch("[0-9a-fA-F]{64}", text):
        return bytes.fromhex(text)
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) == hashlib.sha256().digest_size else None
