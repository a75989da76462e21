"""Addresses in one spelling, and whether they are on this machine.

What is compared is what is connected to: clients are given the address as it is spelled here, so
that nobody reads it otherwise than we did.
"""

import ipaddress
import os
import re
from urllib.parse import SplitResult, urlsplit

import idna

from tasks.domain.needs import Need

PORTS = {"http": 80, "https": 443}
PLAIN = re.compile(r"[!-~\u0080-\U0010ffff]+")
"""What an address may consist of: no spaces and no control characters."""
WORD = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
LOCAL = "localhost"
ELSEWHERE = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""Variables with which a user sends boto3 to a store that is not AWS."""


def origin(url: str) -> str:
    """Give scheme, host and port of a server as in ``https://label.example.org:8443``.

    In lower case, in ASCII, without the port that is usual for the scheme.

    Raises
    ------
    ValueError
        It is no plain address of a server, or holds a password.
    """
    parts = _parts(url)
    host, port = _host(parts), _port(parts)
    usual = port in (None, PORTS.get(parts.scheme))
    return f"{parts.scheme}://{host}" if usual else f"{parts.scheme}://{host}:{port}"


def checked(url: str) -> str:
    """Give the address of a server back, or nothing if it is empty; raises as `origin`."""
    if url:
        origin(url)
    return url


def address(url: str) -> str:
    """Give a server's address with its path, in one spelling; raises as `origin`."""
    return f"{origin(url)}{_parts(url).path.rstrip('/')}"


def bucket(url: str, endpoint: str = "") -> str:
    """Give the place of a bucket: ``s3://bucket`` at AWS, else the address of bucket and store.

    Raises
    ------
    ValueError
        The endpoint is no address.
    """
    name = urlsplit(url).netloc
    return f"{origin(endpoint)}/{name}" if endpoint else f"s3://{name}"


def is_here(need: Need) -> bool:
    """Whether a need is of a server on this machine.

    That is an address of 127.0.0.0/8 in four numbers, ``::1``, or ``localhost``; no other spelling.
    A bucket at AWS is here if the user's own environment says that AWS is.
    """
    place = _stand_in() if need.place.startswith("s3://") else need.place
    if need.is_path or not place.startswith(("http://", "https://")):
        return False
    try:
        host = _host(_parts(place)).strip("[]")
    except ValueError:
        return False
    return host == LOCAL or _is_loopback(host)


def _stand_in() -> str:
    """Give the address that the user's environment has boto3 take for AWS; empty for AWS itself."""
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return ""
    return next((os.environ[name] for name in ELSEWHERE if os.environ.get(name)), "")


def _is_loopback(host: str) -> bool:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _parts(url: str) -> SplitResult:
    if not PLAIN.fullmatch(url) or "\\" in url:
        raise ValueError("is no address: it has spaces, backslashes or control characters")
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        raise ValueError("is no address such as https://label.example.org")
    if "@" in parts.netloc:
        raise ValueError("must not hold a name or password")
    if parts.query or parts.fragment:
        raise ValueError("must end with the path: it has a ? or #")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if parts.netloc.startswith("["):
        return f"[{ipaddress.IPv6Address(host)}]"
    if not host.isascii():
        host = _in_ascii(host)
    if not WORD.fullmatch(host):
        raise ValueError("names no host")
    return host


def _in_ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode().lower()
    except idna.IDNAError:
        raise ValueError("names a host that cannot be") from None


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ValueError("has a port that is no number up to 65535") from None
