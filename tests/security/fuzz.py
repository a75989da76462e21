"""Hostile neighbours of valid bytes: what a loader must end with one line for, or read.

Mutations are the same in every run. They know two things: bytes, of any format, and the tokens of
JSON and YAML, so that many of them still parse and reach what comes after the parser.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from tasks.domain.errors import LabelloopError

TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[\w.-]+|[{}\[\]:,]')
VALUES = (
    b"null", b"true", b"0", b"-1", b"1e999", b"NaN", b"-Infinity", b"9" * 30, b"9" * 5000,
    b"9223372036854775808", b"0.1e-400", b'""', b'"\\ud800"', b'"\\u0000"', b'"../../x"', b"[]",
    b"{}", b"[[]]", b'{"": {}}', b"x: y", b"*a", b"&a [*a]", b"!!python/none ''", b"2026-02-30",
    b"<<: 1", b"? x", b"- -", b"0x1F", b"1_000", b"'", b'"', b"@x", b"`x`", b"=1+1",
)  # fmt: skip
BYTES = (
    b"\x00", b"\xff\xfe", b"\xfe\xff\x00", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n\n", b"\t", b'"',
    b",", b";", b"\x1f\x8b\x08", b"PK\x03\x04", b"PAR1", b"\x80", b"\xed\xa0\x80", b"\xe2\x80\xae",
    b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\xff\xff\xff\x7f",
)  # fmt: skip
DEEP = 100_000
"""Levels of nesting that no parser with a stack of its own survives."""
DEEP_EVERY = 50
"""One mutation of so many nests: parsers that take them level by level are slow at it."""

Mutation = Callable[[random.Random, bytes, bytes], bytes]


def mutations(seeds: Sequence[bytes], n: int, name: str = "") -> Iterator[bytes]:
    """Give hostile neighbours of valid bytes.

    Parameters
    ----------
    seeds : sequence of bytes
        Valid inputs of one loader.
    n : int
        How many neighbours to give.
    name : str
        The loader's: each has a course of its own.

    Yields
    ------
    bytes
        One to four mutations of a seed away; the same in every run.
    """
    chance = random.Random(f"{name} {len(seeds)}")
    for number in range(n):
        content, other = (bytes(chance.choice(seeds)) for _ in range(2))
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            content = chance.choice(MUTATIONS)(chance, content, other)
        yield _nested(chance, content) if number % DEEP_EVERY == 0 else content


def survives(
    load: Callable[[bytes], object],
    inputs: Iterable[bytes],
    ends: type[Exception] | tuple[type[Exception], ...] = LabelloopError,
) -> dict[str, int]:
    """Load each input; fail at the first that ends in anything but a result or one line.

    Parameters
    ----------
    load : callable
        Reads bytes.
    inputs : iterable of bytes
    ends : exception types
        What the loader may raise.

    Returns
    -------
    dict of str to int
        How many were ``read`` and how many ``refused``: a fuzz in which either is 0 tries nothing.
    """
    told = {"read": 0, "refused": 0}
    for content in inputs:
        try:
            load(content)
        except ends as error:
            line = str(error)
            assert line.strip(), content[:200]
            assert "\n" not in line, line
            told["refused"] += 1
        except Exception as error:
            raise AssertionError(f"{error!r} at {content[:300]!r}…") from error
        else:
            told["read"] += 1
    return told


def _flip(chance: random.Random, content: bytes, other: bytes) -> bytes:
    changed = bytearray(content or b"\0")
    for _ in range(chance.choice((1, 1, 2, 8, 32))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _set(chance: random.Random, content: bytes, other: bytes) -> bytes:
    at = _place(chance, content)
    piece = chance.choice(BYTES)
    return content[:at] + piece + content[at + len(piece) :]


def _insert(chance: random.Random, content: bytes, other: bytes) -> bytes:
    at = _place(chance, content)
    return content[:at] + chance.choice(BYTES) * chance.choice((1, 1, 3, 1000)) + content[at:]


def _cut(chance: random.Random, content: bytes, other: bytes) -> bytes:
    at = _place(chance, content)
    return content[at:] if chance.random() < 0.3 else content[:at]


def _drop(chance: random.Random, content: bytes, other: bytes) -> bytes:
    at, to = sorted((_place(chance, content), _place(chance, content)))
    return content[:at] + content[min(to, at + 64) :]


def _splice(chance: random.Random, content: bytes, other: bytes) -> bytes:
    return content[: _place(chance, content)] + other[_place(chance, other) :]


def _repeat(chance: random.Random, content: bytes, other: bytes) -> bytes:
    at, to = sorted((_place(chance, content), _place(chance, content)))
    return content[:to] + content[at:to] * chance.choice((1, 2, 7)) + content[to:]


def _swap(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Put a hostile value where a value was."""
    found = list(TOKEN.finditer(content))
    if not found:
        return content + chance.choice(VALUES)
    token = chance.choice(found)
    return content[: token.start()] + chance.choice(VALUES) + content[token.end() :]


def _exchange(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Put a token of another seed where a token was."""
    ours, theirs = list(TOKEN.finditer(content)), list(TOKEN.finditer(other))
    if not ours or not theirs:
        return content + other
    token = chance.choice(ours)
    return content[: token.start()] + chance.choice(theirs)[0] + content[token.end() :]


def _nested(chance: random.Random, content: bytes) -> bytes:
    """Nest without end, where a value was."""
    found = [one for one in TOKEN.finditer(content) if one[0] not in b"{}[]:,"]
    opening = chance.choice((b"[", b'{"a":', b"- ", b"("))
    token = chance.choice(found) if found else None
    if token is None:
        return content + opening * DEEP
    return content[: token.start()] + opening * DEEP + content[token.end() :]


def _place(chance: random.Random, content: bytes) -> int:
    return chance.randrange(len(content) + 1)


MUTATIONS: tuple[Mutation, ...] = (
    _flip, _set, _insert, _cut, _drop, _splice, _repeat, _swap, _swap, _swap, _exchange, _exchange,
)  # fmt: skip
