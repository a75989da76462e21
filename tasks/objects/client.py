"""Clients of AWS and of what speaks like it."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from tasks.domain.blotting import remember
from tasks.objects.capped import Capped
from tasks.objects.needs import with_keys
from tasks.objects.store import Access
from tasks.trust import guard, places

CONNECT_SECONDS, READ_SECONDS = 10.0, 20.0
CONNECTIONS = 8
"""Of one client, at most."""


def new_client(service: str, access: Access, place: str, **options: Any) -> Any:
    """Make a client that sends a request once, and takes no reply that broke off for a whole one.

    It is made only if the user has confirmed that the keys go to that place.

    Parameters
    ----------
    service : str
        As boto3 calls it.
    access : Access
    place : str
        What it speaks with (`tasks.domain.needs.Need`).
    **options
        Of `botocore.config.Config`.

    Raises
    ------
    UntrustedError
        The place is not trusted with the keys.
    VendorAuthError
        A secret is not where `access` says.
    ValueError, botocore.exceptions.BotoCoreError
        The endpoint is no address; boto3's configuration cannot be used.
    """
    for need in with_keys(place, access, ""):
        guard.require(need)
    keys = [guard.secret(name, place) for name in (access.key_id, access.key_secret) if name]
    usual = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"total_max_attempts": 1},
        "max_pool_connections": CONNECTIONS,
    }
    client = _session().client(
        service,
        endpoint_url=places.address(access.endpoint) if access.endpoint else None,
        region_name=access.region or None,
        aws_access_key_id=keys[0] if keys else None,
        aws_secret_access_key=keys[1] if keys else None,
        config=Config(**(usual | options)),
    )
    client.meta.events.register("before-parse", _refuse_cut)
    client.meta.events.register("before-send", _remember_token)
    # botocore itself reads all that a server says, however much it is.
    endpoint = client._endpoint
    endpoint.http_session = Capped(endpoint.http_session)
    return client


class Connection:
    """One client, made when it is first needed, and anew in a process that was forked.

    Parameters
    ----------
    make : callable
        Gives a client.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: tuple[int, Any] | None = None

    @property
    def client(self) -> Any:
        """The client of this process."""
        # Two processes that shared a socket would read one another's replies.
        if self._made is None or self._made[0] != os.getpid():
            self._made = os.getpid(), self._make()
        return self._made[1]

    def close(self) -> None:
        """Let go of its sockets; it may be used again."""
        if self._made and self._made[0] == os.getpid():
            self._made[1].close()
        self._made = None


def time_of(reply: Mapping[str, Any]) -> datetime | None:
    """Tell when a server replied, by its own clock, in UTC; None if it did not say."""
    date = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        return parsedate_to_datetime(date).astimezone(UTC) if date else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _session() -> Any:
    # A session of its own, since credentials may have changed; reading what botocore knows of a
    # service takes six times as long as all else.
    session = botocore.session.Session()
    session.register_component("data_loader", _loader())
    return boto3.session.Session(botocore_session=session)


@cache
def _loader() -> Any:
    return botocore.loaders.create_loader()


def _remember_token(request: Any, **_: Any) -> None:
    # A token of a session is the one secret that is sent as it is; keys only sign.
    token = request.headers.get("X-Amz-Security-Token", b"")
    remember(token.decode() if isinstance(token, bytes) else token)


def _refuse_cut(response_dict: Mapping[str, Any], **_: Any) -> None:
    # botocore reads what has come of a listing or an error, and makes up the rest: half a 404 is no
    # NoSuchKey to it. Bodies that are streamed are not bytes here.
    length, body = response_dict["headers"].get("content-length", ""), response_dict["body"]
    if (
        isinstance(body, bytes)
        and length.isascii()
        and length.isdigit()
        and len(body) < int(length)
    ):
        raise ConnectionClosedError(endpoint_url="the server")
