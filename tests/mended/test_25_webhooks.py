"""Webhooks that labelloop registers itself; the real server is in tests/label_studio."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from flows.listening import Door
from flows.seals import HeaderSeal, TimedSeal
from tasks.delivery import hooks
from tasks.domain.errors import ParamsError, VendorError, VendorRefusedError
from tasks.domain.outgoing import Webhook
from tasks.vendors._http.client import Http, Patience
from tasks.vendors._label_studio import webhooks
from tasks.vendors._label_studio.server import Server
from tasks.vendors._label_studio.token import Token

SECRET = "a-secret-that-nobody-guesses"
HOOK = Webhook("https://hooks.example.org/ls", "X-Webhook-Token", SECRET)
ENV = "LABELLOOP_WEBHOOK_SECRET"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV, SECRET)
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", "none")


def test_a_vendor_that_is_told_by_labelloop_sends_the_secret_itself() -> None:
    door = Door("127.0.0.1:8787", ENV)
    assert isinstance(door.seal(subscribes=True), HeaderSeal)
    assert isinstance(door.seal(subscribes=False), TimedSeal)
    with pytest.raises(ParamsError, match="--webhook-scheme"):
        Door("127.0.0.1:8787", ENV, "hmac").seal(subscribes=True)


def test_the_address_is_the_receivers_unless_another_is_given() -> None:
    door = Door("127.0.0.1:8787", ENV)
    at = "http://127.0.0.1:8787"
    assert door.public(at, "label_studio") == f"{at}/webhooks/label_studio"
    assert Door("", ENV, url=HOOK.url).public(at, "label_studio") == HOOK.url
    with pytest.raises(ParamsError, match="--webhook-url"):
        door.public("http://0.0.0.0:8787", "label_studio")
    for wrong in ("hooks.example.org", "ftp://a/b", "https://me:secret@host/"):
        with pytest.raises(ParamsError, match="--webhook-url"):
            Door("", ENV, url=wrong).public(at, "label_studio")


def test_what_is_announced_names_the_secret_and_does_not_hold_it() -> None:
    assert hooks.announced() is None
    hooks.announce(HOOK.url, HOOK.header, ENV)
    try:
        assert hooks.announced() == HOOK
        said = {name: os.environ[name] for name in (hooks.URL, hooks.HEADER, hooks.SECRET)}
        assert SECRET not in said.values()
    finally:
        hooks.withdraw()
    assert hooks.announced() is None


class Studio(BaseHTTPRequestHandler):
    """As much of a Label Studio as webhooks need."""

    made: dict[int, dict[str, Any]]
    refuses: bool

    def do_GET(self) -> None:
        self._reply(200, [{"id": number, **one} for number, one in self.made.items()])

    def do_POST(self) -> None:
        body = self._body()
        if self.refuses:
            self._reply(400, {"headers": [f"{body['headers']} is too long"]})
            return
        # Another process has just done the same.
        for _ in range(2):
            self.made[max(self.made, default=0) + 1] = body
        self._reply(201, {})

    def do_PATCH(self) -> None:
        self.made[self._number()] |= self._body()
        self._reply(200, {})

    def do_DELETE(self) -> None:
        self.made.pop(self._number(), None)
        self._reply(204, None)

    def _number(self) -> int:
        return int(self.path.rstrip("/").rpartition("/")[2])

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return body

    def _reply(self, status: int, body: Any) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def studio() -> Iterator[tuple[Server, type[Studio], list[bytes]]]:
    kind = type("OneStudio", (Studio,), {"made": {}, "refuses": False})
    told: list[bytes] = []
    with HTTPServer(("127.0.0.1", 0), kind) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{listening.server_port}"
        outgoing = lambda _, content: told.append(content)  # noqa: E731
        token, patience = Token("LABEL_STUDIO_TOKEN", url), Patience(5.0, 2, 0.0)
        server = Server(Http(url, token, outgoing, patience))
        yield server, kind, told
        server.close()
        listening.shutdown()
        thread.join()


def test_of_two_that_register_at_once_one_stays(
    studio: tuple[Server, type[Studio], list[bytes]],
) -> None:
    server, kind, told = studio
    other = {"project": 7, "url": "https://elsewhere.example.org", "headers": {}}
    kind.made[1] = other
    for _ in range(2):
        webhooks.subscribe(server, 7, HOOK)
        ours = {number: one for number, one in kind.made.items() if one["url"] == HOOK.url}
        assert list(ours) == [2]
    assert ours[2]["headers"] == {HOOK.header: SECRET}
    assert not ours[2]["send_payload"]
    webhooks.unsubscribe(server, 7, HOOK)
    assert kind.made == {1: other}
    # The secret is in the body, so nobody keeps the body.
    assert told == []


def test_no_message_quotes_the_secret(studio: tuple[Server, type[Studio], list[bytes]]) -> None:
    server, kind, _ = studio
    kind.refuses = True
    with pytest.raises(VendorRefusedError) as refused:
        webhooks.subscribe(server, 7, HOOK)
    error: VendorError = refused.value
    assert "too long" in str(error)
    assert SECRET not in str(error)
    assert SECRET not in repr(error)
