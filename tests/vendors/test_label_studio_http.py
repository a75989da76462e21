"""What a vendor over HTTP makes of every way in which a server can answer."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks.domain.errors import (
    OutcomeUnknownError,
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorRefusedError,
)
from tasks.domain.outgoing import VendorContext
from tasks.vendors._http.client import Http, Patience
from tasks.vendors._http.reply import decoded
from tasks.vendors.label_studio import LabelStudio

JSON = {"Content-Type": "application/json"}


class Script(ThreadingHTTPServer):
    """Answers with what it was told to, the last of it again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.replies: list[tuple[int, dict[str, str], bytes]] = []
        self.seen: list[tuple[str, str, bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def say(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies.append((status, JSON | named, body))


class Answer(BaseHTTPRequestHandler):
    server: Script

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, body))
        replies = self.server.replies
        status, headers, content = replies.pop(0) if len(replies) > 1 else replies[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.respond()

    def do_POST(self) -> None:
        self.respond()

    def do_PATCH(self) -> None:
        self.respond()

    def log_message(self, *_: object) -> None:
        pass


class Open:
    """Credentials that are always the same."""

    def headers(self, post: object) -> dict[str, str]:
        return {"Authorization": "Token sesame"}

    def expired(self) -> bool:
        return False


@pytest.fixture
def script() -> Iterator[Script]:
    with Script() as script:
        thread = threading.Thread(target=script.serve_forever)
        thread.start()
        yield script
        script.shutdown()
        thread.join()


@pytest.fixture
def told() -> list[tuple[str, bytes]]:
    return []


@pytest.fixture
def http(script: Script, told: list[tuple[str, bytes]]) -> Iterator[Http]:
    patience = Patience(timeout=5, attempts=3, pause=0)
    http = Http(script.url, Open(), lambda *said: told.append(said), patience)
    yield http
    http.close()


@pytest.mark.parametrize(
    ("status", "reading", "writing"),
    [
        (400, VendorRefusedError, VendorRefusedError),
        (401, VendorAuthError, VendorAuthError),
        (403, VendorAuthError, VendorAuthError),
        (404, VendorRefusedError, VendorRefusedError),
        (408, TransientError, OutcomeUnknownError),
        (429, ThrottledError, ThrottledError),
        (500, TransientError, OutcomeUnknownError),
        (502, TransientError, OutcomeUnknownError),
        (503, TransientError, OutcomeUnknownError),
    ],
)
def test_a_status_is_the_narrowest_error(
    script: Script, http: Http, status: int, reading: type, writing: type
) -> None:
    script.say(status, b'{"id": 1, "task_ids": [1]}')
    with pytest.raises(reading) as read:
        http.get("/x")
    with pytest.raises(writing) as written:
        http.send("POST", "/x", {"a": 1})
    assert (type(read.value), type(written.value)) == (reading, writing)
    assert "sesame" not in f"{read.value}{written.value}"
    assert [method for method, _, _ in script.seen].count("POST") == 1


def test_reading_is_tried_again_and_a_write_that_may_be_repeated_too(
    script: Script, http: Http, told: list[tuple[str, bytes]]
) -> None:
    for _ in range(2):
        script.say(503)
        script.say(429, Retry_After="0")
        script.say(200, b'{"a": 1}')
    assert decoded(http.get("/x")) == {"a": 1}
    assert http.send("PATCH", "/x", {"b": 2}, repeatable=True).status == 200
    assert len(script.seen) == 6
    assert told == [("PATCH /x", b'{"b":2}')]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("soon", None), ("", None), ("-3", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_the_wait_that_a_server_asks_for_is_told(
    script: Script, http: Http, value: str, seconds: float | None
) -> None:
    script.say(429, Retry_After=value)
    with pytest.raises(ThrottledError) as caught:
        http.send("POST", "/x", {})
    assert caught.value.retry_after == seconds


def test_another_address_is_named_and_not_gone_to(script: Script, http: Http) -> None:
    script.say(302, Location="https://elsewhere.example.org/login?next=/x")
    with pytest.raises(VendorRefusedError, match=r"points to elsewhere\.example\.org; set url"):
        http.get("/x")
    assert len(script.seen) == 1


def test_json_that_breaks_off_is_no_answer(script: Script, http: Http) -> None:
    script.say(200, b'{"a": [1, 2')
    with pytest.raises(TransientError):
        decoded(http.get("/x"))
    with pytest.raises(OutcomeUnknownError):
        decoded(http.send("POST", "/x", {}), once=True)


@pytest.fixture
def account(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", "sesame")
    vendor = LabelStudio(url=script.url, pause=0.0)
    account = vendor.connect(VendorContext("trees", ("a",), 1.0, 1, tmp_path, tmp_path))
    yield account
    account.disconnect()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b'{"release": "1.9.2"}', "is Label Studio 1.9.2, which is too old; upgrade it"),
        (200, b'{"name": "another"}', "is no Label Studio; set url"),
        (200, b"[]", "is no Label Studio; set url"),
        (404, b"nothing here", "is no Label Studio; set url"),
    ],
)
def test_another_server_is_no_label_studio(
    script: Script, account, status: int, body: bytes, said: str
) -> None:
    script.say(status, body)
    with pytest.raises(VendorRefusedError, match=said) as caught:
        account.preflight()
    assert "\n" not in str(caught.value)


def test_a_page_for_people_is_no_label_studio(script: Script, account) -> None:
    script.replies.append((200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"))
    with pytest.raises(VendorRefusedError, match=r"answered a page and no JSON.*check that url"):
        account.preflight()
