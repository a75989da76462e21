"""HTTP/1.1 messages as they are on the wire, byte for byte."""

from dataclasses import dataclass
from typing import BinaryIO

BODILESS = {204, 304}


@dataclass(frozen=True)
class Message:
    """One request or reply.

    Attributes
    ----------
    head : bytes
        First line and headers with the empty line that ends them.
    raw : bytes
        The body as it was sent: with the sizes of its chunks, if it was chunked.
    content : bytes
        The body without them.
    """

    head: bytes
    raw: bytes = b""
    content: bytes = b""

    @property
    def first(self) -> list[str]:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)

    @property
    def headers(self) -> dict[str, str]:
        return headers_of(self.head)

    @property
    def whole(self) -> bytes:
        return self.head + self.raw

    @property
    def stays(self) -> bool:
        """Whether the connection is kept after it."""
        wish = self.headers.get("connection", "").lower()
        return wish == "keep-alive" or (wish != "close" and "HTTP/1.1" in self.first)


def headers_of(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:] if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def read_head(stream: BinaryIO) -> bytes:
    """Read up to the empty line; nothing if the other side has left."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return b""
        head += line
    return head


def read_body(stream: BinaryIO, head: bytes) -> Message:
    """Read what the headers promise."""
    headers = headers_of(head)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return Message(head, *_chunks(stream))
    body = _exactly(stream, int(headers.get("content-length", 0)))
    return Message(head, body, body)


def read_reply(stream: BinaryIO, method: str) -> Message:
    """Read a reply, past those that only say "go on"."""
    status = 100
    while status < 200:
        head = read_head(stream)
        if not head:
            raise ConnectionError("the upstream left without a reply")
        status = int(head.split(b" ", 2)[1])
    if method == "HEAD" or status in BODILESS:
        return Message(head)
    headers = headers_of(head)
    if "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower():
        return read_body(stream, head)
    rest = stream.read()
    return Message(head, rest, rest)


def ends_by_closing(reply: Message) -> bool:
    """Whether only the end of the connection says where the body ends."""
    headers = reply.headers
    return bool(reply.raw) and not {"content-length", "transfer-encoding"} & headers.keys()


def compose(status: int, body: bytes, **headers: str) -> Message:
    """Make a reply of our own."""
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return Message(f"HTTP/1.1 {status} Trouble\r\n{head}\r\n".encode(), body, body)


def _chunks(stream: BinaryIO) -> tuple[bytes, bytes]:
    raw, content, size = b"", b"", 1
    while size:
        line = _line(stream)
        size = int(line.split(b";", 1)[0], 16)
        chunk = _exactly(stream, size)
        raw += line + chunk + (_line(stream) if size else b"")
        content += chunk
    while True:
        line = _line(stream)
        raw += line
        if line == b"\r\n":
            return raw, content


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise ConnectionError("the other side left in the middle of a message")
    return line


def _exactly(stream: BinaryIO, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise ConnectionError("the other side left in the middle of a message")
    return body
