import http.client
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from faults import (
    KINDS,
    PATIENCE,
    Cue,
    CutBefore,
    CutResponse,
    Delay,
    Duplicate,
    ErrorBody,
    Fault,
    Proxy,
    Reset,
    ServerError,
    ServerErrorAfter,
    Throttled,
    TimeoutAfter,
    trouble,
    writing,
)

BODY = bytes(range(256)) * 40
SOON = httpx.Timeout(PATIENCE, read=0.2)
"""For what never comes: only then it does not matter how busy the machine is."""


class Echo(ThreadingHTTPServer):
    """Answers with what it was sent, and remembers it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0
        self.hold = threading.Event()
        self.hold.set()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Echo

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def log_message(self, *_: object) -> None:
        pass

    def content(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding") != "chunked":
            size = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(size)
            return body if len(body) == size else None
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def respond(self) -> None:
        body = self.content()
        if body is None:
            self.close_connection = True
            return
        self.server.hold.wait(PATIENCE)
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        if self.path == "/nothing":
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\n\r\n")
            return
        if self.path == "/until-closed":
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with suppress(BrokenPipeError):
                self.wfile.write(body)


for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
    setattr(Answer, f"do_{method}", Answer.respond)


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.hold.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(server: Echo) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", server.server_address[1]) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxy.url, timeout=PATIENCE) as client:
        yield client


def test_bytes_pass_unchanged_in_both_directions(server: Echo, client: httpx.Client) -> None:
    reply = client.post("/a?b=c%20d", content=BODY, headers={"Host": "s3.test", "X-Odd": "A,b  c"})

    [(method, path, headers, body)] = server.seen
    assert (method, path, body) == ("POST", "/a?b=c%20d", BODY)
    assert headers["Host"] == "s3.test"
    assert reply.content == BODY


def test_an_exchange_is_written_down(proxy: Proxy, client: httpx.Client) -> None:
    client.post("/a", content=b"x")
    client.get("/b")

    first, second = proxy.exchanges
    assert (first.method, first.path, first.body, first.status) == ("POST", "/a", b"x", 200)
    assert (second.method, second.fault, second.forwarded) == ("GET", None, 1)
    assert proxy.writes == 1


def test_connections_are_kept(server: Echo, client: httpx.Client) -> None:
    for _ in range(5):
        client.post("/a", content=b"x")

    assert server.connections == 1


def test_chunked_bodies_pass(server: Echo, proxy: Proxy, client: httpx.Client) -> None:
    reply = client.post("/chunked", content=iter([b"one", b"two" * 9999]))

    assert server.seen[0][3] == proxy.exchanges[0].body == b"one" + b"two" * 9999
    assert reply.content == b"abcdefgh"


def test_bodies_that_end_with_the_connection_pass(client: httpx.Client) -> None:
    assert client.post("/until-closed", content=BODY).content == BODY
    assert client.post("/a", content=b"x").content == b"x"


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/a"), ("DELETE", "/nothing")])
def test_replies_without_a_body_pass(client: httpx.Client, method: str, path: str) -> None:
    for _ in range(2):
        assert client.request(method, path).is_success


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(server: Echo, proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as client:
        client.sendall(b"PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n")
        client.sendall(b"Content-Length: 3\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"abc")
        reply = http.client.HTTPResponse(client)
        reply.begin()
        assert reply.read() == b"abc"
    assert server.seen[0][3] == b"abc"


def test_a_server_that_is_gone_breaks_the_connection(server: Echo, client: httpx.Client) -> None:
    with Proxy("127.0.0.1", 1) as nowhere, pytest.raises(httpx.RemoteProtocolError):
        client.get(nowhere.url)


@pytest.mark.parametrize(
    ("fault", "seen", "error"),
    [
        (CutBefore(), 0, httpx.RemoteProtocolError),
        (TimeoutAfter(), 1, httpx.ReadTimeout),
        (TimeoutAfter(hold=0), 1, httpx.RemoteProtocolError),
        (CutResponse(), 1, httpx.RemoteProtocolError),
        (Reset(), 0, httpx.ReadError),
        (Reset(after=True), 1, httpx.ReadError),
        (Cue(lambda: None), 0, httpx.RemoteProtocolError),
        (Cue(lambda: None, after=True), 1, httpx.RemoteProtocolError),
    ],
)
@pytest.mark.parametrize("body", [b"", b"x", BODY])
def test_a_broken_call_is_done_or_not_as_its_fault_says(
    server: Echo,
    proxy: Proxy,
    client: httpx.Client,
    fault: Fault,
    seen: int,
    error: type[Exception],
    body: bytes,
) -> None:
    proxy.then(fault)

    with pytest.raises(error):
        client.post("/a", content=body, timeout=SOON if error is httpx.ReadTimeout else PATIENCE)
    assert client.post("/b", content=b"y").content == b"y"

    assert len(server.seen) == seen + 1
    assert proxy.writes == seen + 1
    assert [each.fault for each in proxy.exchanges] == [fault, None]


@pytest.mark.parametrize("path", ["/chunked", "/nothing", "/a"])
def test_half_a_reply_is_never_a_whole_one(proxy: Proxy, client: httpx.Client, path: str) -> None:
    proxy.then(CutResponse())

    with pytest.raises(httpx.RemoteProtocolError):
        client.post(path)


@pytest.mark.parametrize(
    ("fault", "status", "seen"),
    [
        (ServerError(), 503, 0),
        (ServerError(status=500), 500, 0),
        (ServerErrorAfter(), 502, 1),
        (Throttled(retry_after=7), 429, 0),
        (ErrorBody(), 500, 0),
        (Duplicate(), 200, 2),
        (Delay(0.01), 200, 1),
    ],
)
def test_a_fault_answers_what_it_says(
    server: Echo, proxy: Proxy, client: httpx.Client, fault: Fault, status: int, seen: int
) -> None:
    proxy.then(fault)

    reply = client.post("/a", content=BODY)

    assert (reply.status_code, len(server.seen), proxy.writes) == (status, seen, seen)
    assert proxy.exchanges[0].status == status
    assert client.post("/a").status_code == 200


def test_throttled_says_when_to_come_back(proxy: Proxy, client: httpx.Client) -> None:
    proxy.then(Throttled(retry_after=7))

    assert client.get("/a").headers["Retry-After"] == "7"


def test_the_body_of_an_error_can_look_like_success(proxy: Proxy, client: httpx.Client) -> None:
    proxy.then(ErrorBody())

    assert client.post("/a").json()["id"] == 1


def test_faults_come_in_their_order_and_only_where_they_match(
    proxy: Proxy, client: httpx.Client
) -> None:
    proxy.then(ServerError(), Throttled(), only=writing)

    statuses = [client.request(each, "/a").status_code for each in ("GET", "POST", "GET", "POST")]

    assert statuses == [200, 503, 200, 429]
    assert client.post("/a").status_code == 200


def test_an_action_can_be_taken_in_the_middle_of_an_exchange(
    server: Echo, proxy: Proxy, client: httpx.Client
) -> None:
    done: list[int] = []
    proxy.then(*(Cue(lambda: done.append(len(server.seen)), after=after) for after in (0, 1)))

    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/a")

    assert done == [0, 1]


def test_what_a_client_gave_up_is_done_before_the_next_exchange(
    server: Echo, proxy: Proxy, client: httpx.Client
) -> None:
    server.hold.clear()
    with pytest.raises(httpx.ReadTimeout):
        client.post("/first", timeout=SOON)
    threading.Timer(0.1, server.hold.set).start()

    client.post("/second")

    assert [path for _, path, _, _ in server.seen] == ["/first", "/second"]


def kinds(proxy: Proxy, client: httpx.Client, seed: int) -> list[str | None]:
    start = len(proxy.exchanges)
    proxy.seeded(seed, 0.5, faults=[ServerError(), Throttled(), CutBefore(), Duplicate()])
    for _ in range(40):
        try:
            client.post("/a", content=b"x")
        except httpx.TransportError:
            continue
    proxy.calm()
    return [each.fault and each.fault.kind for each in proxy.exchanges[start:]]


def test_a_seed_gives_the_same_faults_again(proxy: Proxy, client: httpx.Client) -> None:
    first, again, other = (kinds(proxy, client, seed) for seed in (1, 1, 2))

    assert first == again != other
    assert 10 < sum(map(bool, first)) < 30
    assert kinds(proxy, client, 1).count(None) == first.count(None)


def test_all_goes_well_when_it_is_calm(proxy: Proxy, client: httpx.Client) -> None:
    proxy.then(ServerError())
    proxy.seeded(1, 1.0)
    proxy.calm()

    assert client.post("/a").status_code == 200


def test_nobody_answers_while_it_is_down(server: Echo, proxy: Proxy, client: httpx.Client) -> None:
    client.get("/a")

    with proxy.down():
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                client.post("/a")

    assert client.post("/a").status_code == 200
    assert len(server.seen) == 2


@pytest.mark.parametrize("kind", [*KINDS, "down"])
def test_trouble_is_over_when_its_block_is(
    server: Echo, proxy: Proxy, client: httpx.Client, kind: str
) -> None:
    with trouble(proxy, kind, times=99):
        with suppress(httpx.TransportError):
            client.post("/a", timeout=SOON)
        if kind != "down":
            assert client.get("/a").status_code == 200

    assert client.post("/a").status_code == 200


def test_trouble_comes_as_often_as_it_was_asked_for(proxy: Proxy, client: httpx.Client) -> None:
    with trouble(proxy, "throttled", writes=False, times=2, retry_after=3):
        replies = [client.get("/a") for _ in range(3)]

    assert [reply.status_code for reply in replies] == [429, 429, 200]
    assert replies[0].headers["Retry-After"] == "3"


def test_many_clients_at_once_are_served_apart(server: Echo, proxy: Proxy) -> None:
    def ask(number: int) -> bool:
        with httpx.Client(base_url=proxy.url, timeout=PATIENCE) as client:
            return all(
                client.post("/a", content=f"{number}-{turn}".encode()).text == f"{number}-{turn}"
                for turn in range(20)
            )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(16)))
    assert len(server.seen) == len(proxy.exchanges) == 320


def test_nothing_is_left_open(server: Echo) -> None:
    before = threading.active_count()
    with (
        Proxy("127.0.0.1", server.server_address[1]) as proxy,
        httpx.Client(base_url=proxy.url, timeout=PATIENCE) as client,
    ):
        client.get("/a")
        proxy.then(TimeoutAfter())
        with pytest.raises(httpx.ReadTimeout):
            client.get("/a", timeout=SOON)
        client.get("/a")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE)
    # The server's own thread of a connection ends a moment after it.
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(PATIENCE)
    assert threading.active_count() <= before
