"""Read conditions: a grammar of their own, so that nothing of them is ever run as a program."""

import math
import re
from collections.abc import Callable

from tasks.validation.conditions import All, Among, Compare, Condition, Missing, Not, Some, Value

LONGEST, DEEPEST = 4000, 30
TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>==|!=|<=|>=|<|>) | (?P<mark>[()\[\],])
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
      | (?P<text>"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')
      | (?P<quoted>`(?:[^`]|``)++`) | (?P<word>[^\W\d]\w*)
    )""",
    re.VERBOSE | re.DOTALL,
)
LARGEST = 2**63
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class ConditionError(ValueError):
    """Says what is wrong, and where in the text."""


def parse(text: str) -> Condition:
    """Read a condition, as `tasks.validation.conditions` says.

    Raises
    ------
    ConditionError
        It is none.
    """
    if len(text) > LONGEST:
        raise ConditionError(f"is longer than {LONGEST} characters")
    reader = _Reader(text)
    found = reader.either(0)
    if reader.kind != "end":
        raise reader.wrong("'and', 'or' or the end")
    return found


class _Reader:
    """Goes through the text once, a token at a time."""

    def __init__(self, text: str) -> None:
        self.text, self.end = text, 0
        self.step()

    def step(self) -> str:
        """Go to the next token; give the one that was there."""
        before = getattr(self, "said", "")
        self.start = self.end
        if not self.text[self.end :].strip():
            self.kind, self.said = "end", ""
            return before
        found = TOKEN.match(self.text, self.end)
        if found is None or found.lastgroup is None:
            self.kind, self.said = "odd", self.text[self.end :].strip()[:20]
            return before
        self.kind, self.said, self.end = found.lastgroup, found[found.lastgroup], found.end()
        return before

    def wrong(self, expected: str) -> ConditionError:
        shown = repr(self.said) if self.kind != "end" else "nothing more"
        return ConditionError(f"at character {self.start + 1}: {expected} is due, not {shown}")

    def takes(self, *words: str) -> bool:
        """Go on if the token is one of these words or marks."""
        if self.kind not in ("word", "mark") or self.said.lower() not in words:
            return False
        self.step()
        return True

    def must(self, *words: str) -> None:
        if not self.takes(*words):
            raise self.wrong(" or ".join(map(repr, words)))

    def either(self, depth: int) -> Condition:
        return self._joined(self.both, "or", Some, depth)

    def both(self, depth: int) -> Condition:
        return self._joined(self.plain, "and", All, depth)

    def _joined(
        self, one: Callable[[int], Condition], word: str, kind: type[All | Some], depth: int
    ) -> Condition:
        parts = [one(depth)]
        while self.takes(word):
            parts.append(one(depth))
        return kind(tuple(parts)) if len(parts) > 1 else parts[0]

    def plain(self, depth: int) -> Condition:
        if depth > DEEPEST:
            raise ConditionError(f"is nested deeper than {DEEPEST} levels")
        if self.takes("not"):
            return Not(self.plain(depth + 1))
        if self.takes("("):
            found = self.either(depth + 1)
            self.must(")")
            return found
        return self.one(self.column())

    def one(self, column: str) -> Condition:
        if self.kind == "sign":
            return Compare(column, self.step(), self.value())
        if self.takes("is"):
            is_not = self.takes("not")
            self.must("null")
            return Not(Missing(column)) if is_not else Missing(column)
        if self.takes("not"):
            self.must("in")
            return Not(Among(column, self.values()))
        if self.takes("in"):
            return Among(column, self.values())
        raise self.wrong("==, !=, <, <=, >, >=, 'in', 'not in' or 'is null'")

    def column(self) -> str:
        if self.kind == "quoted":
            return self.step()[1:-1].replace("``", "`")
        if self.kind != "word":
            raise self.wrong("a column (any name may be in backticks)")
        name = self.step()
        if name.lower() != "col":
            return name
        self.must("(")
        if self.kind != "text":
            raise self.wrong("a column's name in quotes")
        name = _unquoted(self.step())
        self.must(")")
        return name

    def values(self) -> tuple[Value, ...]:
        closing = ")" if self.said == "(" else "]"
        self.must("[", "(")
        found: list[Value] = []
        while not self.takes(closing):
            if found:
                self.must(",")
            found.append(self.value())
        return tuple(found)

    def value(self) -> Value:
        if self.kind == "text":
            return _unquoted(self.step())
        if self.kind == "number":
            return _number(self.step())
        if self.kind == "word" and self.said.lower() in ("true", "false"):
            return self.step().lower() == "true"
        raise self.wrong("a number, true, false or a text in quotes")


def _unquoted(token: str) -> str:
    return ESCAPED.sub(r"\1", token[1:-1])


def _number(token: str) -> int | float:
    if re.fullmatch(r"[+-]?\d{1,19}", token) and -LARGEST <= int(token) < LARGEST:
        return int(token)
    if not math.isfinite(number := float(token)):
        raise ConditionError(f"the number {token[:20]} is too large")
    return number
