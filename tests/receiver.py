"""A receiver of webhooks on a real socket, and genuine events for it."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flows import door
from flows.seals import Seal
from flows.webhooks import Limits, app
from tasks.domain.incoming import Hint, MalformedRecordError

SECRET = "a-secret-that-nobody-guesses"
KEY = SECRET.encode()
BODY = b'{"batch": "trees-0001"}'
GENEROUS = Limits(genuine=(1e6, 1e6), forged=(1e6, 1e6))


def parse(headers: Mapping[str, str], body: bytes) -> Hint:
    try:
        said = json.loads(body)
    except ValueError:
        raise MalformedRecordError("is not JSON") from None
    if said == "explode":
        raise RuntimeError(body.decode())
    return Hint()


@contextmanager
def receiving(seal: Seal, wake: Callable[[], None], limits: Limits | None = None) -> Iterator[str]:
    with door.opened(app("files", parse, seal, wake, limits), "127.0.0.1:0") as address:
        yield f"{address}/webhooks/files"


def sign(body: bytes = BODY, key: bytes = KEY) -> bytes:
    return hmac.digest(key, body, hashlib.sha256)


def stamp(at: float, body: bytes = BODY, key: bytes = KEY) -> str:
    return f"t={int(at)},v1={sign(f'{int(at)}.'.encode() + body, key).hex()}"
