"""The harness of random schedules finds each way in which a vendor can be careless."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from faults import KINDS, Proxy
from labelloop_contracts.world import World
from schedules import draw, idempotent, play

from tasks.domain.errors import OutcomeUnknownError, TransientError
from tasks.domain.incoming import Page, Parsed, Progress, RawAnswer, Receipt, Statement
from tasks.domain.outgoing import BatchSpec, Capabilities, Decision, Outgoing, Reference, Task

SCHEDULES = 60


class House(ThreadingHTTPServer):
    """A small server: batches with tasks and answers, all in memory, taking whatever it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.batches: dict[str, dict[str, list[Any]]] = {}


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: House

    def log_message(self, *_: object) -> None:
        pass

    def reply(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, name, what = self.path.split("/")
        try:
            sent = json.loads(raw or b"{}")
        except ValueError:
            self.close_connection = True
            return
        batch = self.server.batches.setdefault(name, {"tasks": [], "answers": [], "ended": []})
        if self.command == "POST":
            batch[what].extend(sent)
        body = json.dumps(batch[what]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


for method in ("GET", "POST"):
    setattr(Desk, f"do_{method}", Desk.reply)


@dataclass(frozen=True)
class Tiny:
    """A vendor of two kinds of calls.

    Attributes
    ----------
    careless : str
        What it does wrong; empty for a careful one.
    """

    url: str
    careless: str = ""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(cancel=True)

    def parse(self, record: Mapping[str, Any]) -> Parsed:
        answer = RawAnswer(**record)
        return Parsed((answer,))


@dataclass
class TinyAccount:
    vendor: Tiny
    client: httpx.Client

    def ask(self, reference: Reference, what: str) -> list[Any]:
        try:
            reply = self.client.get(f"/{reference['name']}/{what}")
        except httpx.TransportError as error:
            raise TransientError(str(error)) from error
        if reply.status_code != 200:
            raise TransientError(f"status {reply.status_code}")
        found: list[Any] = reply.json()
        return found

    def tell(self, reference: Reference, what: str, content: list[Any]) -> None:
        for _ in range(2 if self.vendor.careless == "sends again" else 1):
            try:
                reply = self.client.post(f"/{reference['name']}/{what}", json=content)
            except httpx.TransportError:
                continue
            if reply.status_code == 200 or self.vendor.careless == "believes errors":
                return
        raise OutcomeUnknownError("no word")

    def ensure_batch(self, spec: BatchSpec) -> Reference:
        return {"name": spec.name}

    def submit(self, reference: Reference, tasks: Sequence[Task]) -> list[Receipt]:
        careless = self.vendor.careless == "does not look"
        there = set() if careless else {each["key"] for each in self.ask(reference, "tasks")}
        missing = [{"key": task.key} for task in tasks if task.key not in there]
        if missing:
            self.tell(reference, "tasks", missing)
        return [Receipt(task.key, task.key) for task in tasks]

    def reconcile(self, reference: Reference) -> list[Receipt]:
        if self.vendor.careless == "does not look":
            return []
        there = {each["key"] for each in self.ask(reference, "tasks")}
        return [Receipt(key, key) for key in sorted(there)]

    def fetch(self, reference: Reference, cursor: Mapping[str, Any] | None) -> Page:
        start = cursor["seen"] if cursor else 0
        found = self.ask(reference, "answers")
        end = start + 3
        if self.vendor.careless == "skips" and len(found) > end:
            start += 1
        records = [*found[start:end], *found[:1]] if self.is_("invents") else found[start:end]
        if self.is_("invents"):
            records = [{**each, "answer_id": f"{each['answer_id']}-{start}"} for each in records]
        return Page(tuple(records), {"seen": min(end, len(found))}, more=len(found) > end)

    def is_(self, careless: str) -> bool:
        return self.vendor.careless == careless

    def export_raw(self, reference: Reference) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.ask(reference, "answers"))

    def poll(self, reference: Reference) -> Progress:
        ids = {each["answer_id"] for each in self.ask(reference, "answers")}
        return Progress(len(self.ask(reference, "tasks")), len(ids), 0.0)

    def decide(self, reference: Reference, decisions: Sequence[Decision]) -> None:
        raise AssertionError("it cannot")

    def cancel(self, reference: Reference) -> None:
        self.tell(reference, "ended", ["cancelled"])

    def close(self, reference: Reference) -> None:
        self.tell(reference, "ended", ["closed"])

    def statement(self, references: Sequence[Reference]) -> Statement:
        [reference] = references
        tasks = {each["key"]: each["key"] for each in self.ask(reference, "tasks")}
        return Statement(tasks, self.poll(reference).answered)

    def disconnect(self) -> None:
        self.client.close()


@dataclass
class TinyWorld(World):
    house: House
    proxy: Proxy
    vendor: Tiny  # type: ignore[assignment]
    revisions: Counter[str] = field(default_factory=Counter)

    def connect(self, outgoing: Outgoing | None = None) -> Any:
        # Reading the certificates of the world takes longer than a whole life.
        client = httpx.Client(base_url=self.vendor.url, timeout=10, verify=False, trust_env=False)
        return TinyAccount(self.vendor, client)

    def answer(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        self.revisions[f"{key}-{annotator}"] += 1
        self.house.batches[reference["name"]]["answers"].append(
            {
                "answer_id": f"{key}-{annotator}",
                "key": key,
                "annotator_id": annotator,
                "label": label,
                "answered_at": "2026-01-01T00:00:00+00:00",
                "seconds": None,
                "revision": self.revisions[f"{key}-{annotator}"],
            }
        )

    edit = answer

    def pass_time(self) -> None:
        pass

    def count_tasks(self, reference: Reference) -> int:
        return len(self.house.batches[reference["name"]]["tasks"])


@contextmanager
def world(careless: str = "") -> Iterator[TinyWorld]:
    with House() as house:
        thread = threading.Thread(target=house.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with Proxy("127.0.0.1", house.server_address[1]) as proxy:
            yield TinyWorld(house, proxy, Tiny(proxy.url, careless))
        house.shutdown()
        thread.join()


def test_a_careful_vendor_keeps_the_books_through_every_schedule(tmp_path: Path) -> None:
    with world() as careful:
        tally = play(careful, [careful.proxy], range(SCHEDULES), tmp_path, idempotent)

    print(tally)
    assert tally.schedules == SCHEDULES
    assert tally.faults.keys() == KINDS.keys()
    assert tally.kills.keys() == {"in an exchange", "beside the journal"}
    assert tally.endings.keys() == {"close", "cancel"}


@pytest.mark.parametrize(
    ("careless", "found"),
    [
        ("sends again", "sent twice"),
        ("does not look", "sent twice"),
        ("believes errors", "are lost"),
        ("skips", "answers are lost"),
        ("invents", "double"),
    ],
)
def test_a_careless_vendor_is_found_out(tmp_path: Path, careless: str, found: str) -> None:
    with world(careless) as bad, pytest.raises(AssertionError, match=found):
        play(bad, [bad.proxy], range(SCHEDULES), tmp_path, idempotent)


def test_a_seed_draws_the_same_schedule_again() -> None:
    first, again, other = (draw(seed, "batch", 3, may_cancel=True) for seed in (1, 1, 2))

    assert vars(first) | {"rng": None} == vars(again) | {"rng": None}
    assert vars(first) | {"rng": None} != vars(other) | {"rng": None}
