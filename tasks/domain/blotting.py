"""Secrets that this process knows are blotted out of every text that is kept or shown.

A server can quote in an error what it was sent, and what it says goes into messages, the ledger and
Prefect's database. So whoever looks a secret up remembers it here, and whoever passes on words of
others blots them. What a server alters otherwise than in the usual ways, such as letter by letter,
is not recognised.
"""

import base64
import json
import re
from functools import cache
from urllib.parse import quote, quote_plus

BLOT = "[secret]"
SHORTEST = 6
"""Characters of a secret that is blotted: shorter ones are parts of ordinary words."""

_forms: set[str] = set()


def remember(secret: str) -> None:
    """Have a secret blotted out from now on, in all the ways in which it is usually written."""
    if len(secret.strip()) >= SHORTEST:
        _forms.update(_ways(secret) | _ways(secret.strip()))
        _pattern.cache_clear()


def blotted(text: str) -> str:
    """Give a text in which no secret stands that this process knows."""
    return _pattern().sub(BLOT, text) if _forms else text


@cache
def _pattern() -> re.Pattern[str]:
    # The longest first: one may be a part of another.
    return re.compile("|".join(map(re.escape, sorted(_forms, key=len, reverse=True))))


def _ways(secret: str) -> set[str]:
    quoted = {quote(secret, safe=""), quote_plus(secret), quote(secret), json.dumps(secret)[1:-1]}
    return {secret, repr(secret)[1:-1], *quoted, *_in_base64(secret.encode())}


def _in_base64(secret: bytes) -> set[str]:
    """Give the letters that a secret becomes in base64, wherever in the encoded bytes it begins."""
    found: set[str] = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        # The letters at both ends depend on what stands beside the secret.
        end = len(encoded) - (1 if (before + len(secret)) % 3 else 0)
        core = encoded[(0, 2, 3)[before] : end]
        if len(core) >= SHORTEST:
            found |= {core, core.replace("+", "-").replace("/", "_")}
    return found
