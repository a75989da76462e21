"""Cells that no spreadsheet executes, and back.

A spreadsheet takes a cell for a formula if it begins with ``= + - @``, also after spaces, tabs and
line ends, and some take their full-width forms too. A file that is opened with another delimiter
than its own is cut within cells, so what follows a delimiter, a quote or a line end counts as a
beginning too. There, an apostrophe is put before the sign, one more than there were. A cell that
is a number, such as -5, stays as it is. See https://owasp.org/www-community/attacks/CSV_Injection.
"""

import json
import re
import unicodedata
from functools import lru_cache
from typing import Any

LONGEST = 32_767
"""Characters that Excel and LibreOffice take in a cell."""

SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b"
# Blanks, and characters that take no room: a spreadsheet that trims them finds the sign.
BLANK = "\\s\x00-\x1f\xa0\xad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
_BEGINNING = rf'(^|[,;|\t\r\n"])([{BLANK}]*)'
_TO_GUARD = re.compile(rf"{_BEGINNING}('*)(?=[{SIGNS}])")
_GUARDED = re.compile(rf"{_BEGINNING}'('*)(?=[{SIGNS}])")
_BLANK_FIRST = re.compile(r"'*[\t\r]")
_AROUND = re.compile(rf"^[{BLANK}]++|(?<![{BLANK}])[{BLANK}]++$")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def guard(text: str) -> str:
    """Make a cell that spreadsheets show and do not execute; `unguard` undoes it."""
    if _NUMBER.fullmatch(text):
        return text
    guarded = _TO_GUARD.sub(r"\1\2'\3", text)
    return f"'{guarded}" if _BLANK_FIRST.match(guarded) else guarded


def unguard(text: str) -> str:
    """Give what `guard` was given."""
    if "'" not in text:
        return text
    inner = text[1:] if text.startswith("'") and _BLANK_FIRST.match(text[1:]) else text
    return _GUARDED.sub(r"\1\2\3", inner)


def shown(value: Any) -> str:
    """Write a payload's value for a cell; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def tidy(text: str) -> str:
    """Leave out what a spreadsheet adds unseen: blanks around a cell, non-breaking or none wide."""
    return _AROUND.sub("", text)


@lru_cache(maxsize=10_000)
def folded(text: str) -> str:
    """Give what two spellings of one word have in common: case, width and blanks aside."""
    return " ".join(unicodedata.normalize("NFKC", tidy(text)).casefold().split())
