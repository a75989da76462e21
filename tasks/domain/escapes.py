"""Control characters in words of others, shown as text.

A terminal obeys them: they could clear it, rewrite what stands there, or hide a part of a line.
"""

import re

COMMANDS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""All but tab and line feed that makes a terminal do something, or turns the order of letters."""


def visible(text: str) -> str:
    r"""Give a text in which a control character stands as it is spelled, such as ``\x1b``."""
    return COMMANDS.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
