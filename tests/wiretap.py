"""A proxy on loopback that hears all that would leave this machine, and answers what it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass
class Heard:
    """One request.

    Attributes
    ----------
    target : str
        As it was asked for: the whole address, or a path.
    headers : str
        All of them, as text.
    """

    method: str
    target: str
    headers: str
    body: bytes


@dataclass
class Answer:
    """What is said back."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


class Wiretap(ThreadingHTTPServer):
    """Hears requests and answers each with `answer`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Ear)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.heard: list[Heard] = []
        self.answer: Callable[[Heard], Answer] = lambda heard: Answer()

    def overheard(self, words: str) -> bool:
        """Whether some words were in a request."""
        return any(words in f"{one.target}{one.headers}{one.body!r}" for one in self.heard)


class Ear(BaseHTTPRequestHandler):
    """Takes any method."""

    server: Wiretap
    # Else it would not ask for the body that a client of S3 waits with.
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        heard = Heard(self.command, self.path, str(self.headers), body)
        self.server.heard.append(heard)
        said = self.server.answer(heard)
        self.send_response(said.status)
        for name, value in {**self._usual(said), **said.headers}.items():
            self.send_header(name, value)
        self.close_connection = True
        # Whoever takes only so much of an answer hangs up.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(said.body)

    def _usual(self, said: Answer) -> dict[str, str]:
        return {"Content-Length": str(len(said.body)), "Connection": "close"}

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def listening() -> Iterator[Wiretap]:
    """Hear what is said until the end."""
    with Wiretap() as tap:
        thread = threading.Thread(target=tap.serve_forever)
        thread.start()
        yield tap
        tap.shutdown()
        thread.join()


@pytest.fixture
def scripted() -> Iterator[Wiretap]:
    """Give a server on loopback that says what the test tells it to."""
    with listening() as tap:
        yield tap


@pytest.fixture
def wiretap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wiretap]:
    """Have everything that is sent to another machine go to a listener, and nowhere else."""
    with listening() as tap:
        for name in PROXIES:
            monkeypatch.setenv(name, tap.url)
            monkeypatch.setenv(name.lower(), tap.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
        yield tap
