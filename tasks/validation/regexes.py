"""Regular expressions of suites, matched by Arrow's RE2: in linear time, whatever they say.

Python's own may take longer than the age of the universe for a line of text.
"""

import re

PARTS = re.compile(r"\\.|\[\^?\]?|\]|[^\\\[\]]+", re.DOTALL)
SPACE = r"\s\pZ\x1c-\x1f\x{85}"
OUTSIDE = {
    r"\s": f"[{SPACE}]",
    r"\S": f"[^{SPACE}]",
    r"\d": r"\p{Nd}",
    r"\D": r"\P{Nd}",
    r"\w": r"[\pL\pN_]",
    r"\W": r"[^\pL\pN_]",
    r"\Z": r"\z",
}
INSIDE = {r"\s": SPACE, r"\d": r"\p{Nd}", r"\D": r"\P{Nd}", r"\w": r"\pL\pN_"}


def arrows(regex: str) -> str:
    r"""Write a regular expression of Python's for RE2: ``\s``, ``\w``, ``\d`` are Unicode's."""
    parts, inside = [], False
    for found in PARTS.finditer(regex):
        part = found[0]
        if part.startswith("[") and not inside:
            inside = True
        elif part == "]":
            inside = False
        parts.append((INSIDE if inside else OUTSIDE).get(part, part))
    return "".join(parts)
