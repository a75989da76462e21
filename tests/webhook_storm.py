"""Many webhooks in a short time, sent by something quicker than a client library."""

import socket
from collections.abc import Sequence
from typing import BinaryIO
from urllib.parse import urlsplit


def request(vendor: str, body: bytes, header: str, value: str) -> bytes:
    """Write a whole request."""
    head = f"POST /webhooks/{vendor} HTTP/1.1\r\nHost: x\r\n{header}: {value}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def storm(url: str, requests: Sequence[bytes], host: str = "127.0.0.1") -> list[int]:
    """Send requests over one connection from an address, one by one; give the replies' codes."""
    target = urlsplit(url)
    there = (target.hostname, target.port or 0)
    with (
        socket.create_connection(there, source_address=(host, 0)) as connection,
        connection.makefile("rb") as replies,
    ):
        codes = []
        for one in requests:
            connection.sendall(one)
            codes.append(code_of(replies))
        return codes


def code_of(replies: BinaryIO) -> int:
    """Read a reply to its end; give its code."""
    code, length = int(replies.readline().split()[1]), 0
    while (line := replies.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    replies.read(length)
    return code
