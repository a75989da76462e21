"""Reading what a server sends: no more of it, and for no longer, than anybody asked for."""

import re
import time

import httpx

MOST = 64 << 20
"""Bytes of one answer, unpacked: a thousand tasks with all their answers are about 2 MB."""
PACKED = ("", "identity", "gzip")
"""How a body may be packed; one packed twice unpacks to a million times its size."""


class TooMuchError(Exception):
    """A server sends more than anybody asked for, or for too long."""


def read(answer: httpx.Response, end: float) -> bytes:
    """Read a body whole.

    Parameters
    ----------
    answer : Response
        Whose body is still to come.
    end : float
        When it must be there, by `time.monotonic`.

    Raises
    ------
    TooMuchError
        It is larger than `MOST`, comes too slowly, or is packed in a way that nobody asked for.
    """
    _refuse_declared(answer)
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > MOST:
            raise _too_large()
        if time.monotonic() > end:
            raise TooMuchError("answers too slowly")
    return bytes(content)


def _refuse_declared(answer: httpx.Response) -> None:
    packed = answer.headers.get("content-encoding", "").strip().lower()
    if packed not in PACKED:
        raise TooMuchError(f"answered something packed as {packed[:40]!r}")
    declared = answer.headers.get("content-length", "")
    if re.fullmatch("[0-9]{1,20}", declared) and int(declared) > MOST:
        raise _too_large()


def _too_large() -> TooMuchError:
    return TooMuchError(f"answered more than {MOST >> 20} MB")
