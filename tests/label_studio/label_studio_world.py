"""Label Studio in the hands of a test: the real server, real accounts, and a wire that breaks."""

import os
import queue
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from contracts.exemptions import EXEMPT
from faults import ErrorBody, Exchange, Proxy, trouble
from label_studio_server import LabelStudioServer
from labelloop_contracts.world import CAMPAIGN, CLASSES, PRICE, Trouble, World

from tasks.domain.outgoing import Outgoing, Reference, VendorContext, Webhook
from tasks.domain.ports import Account
from tasks.vendors.label_studio import LabelStudio

CAMPAIGNER = "campaigner"
"""The account that the campaign uses."""
REFRESH = "/api/token/refresh/"


def chosen(label: str) -> list[dict[str, Any]]:
    """Make the result of an annotation as Label Studio's pages do."""
    value = {"choices": [label]}
    region = {"from_name": "label", "to_name": "shown_1", "type": "choices", "value": value}
    return [{"id": secrets.token_hex(5), "origin": "manual", **region}]


class LabelStudioWorld(World):
    """A project each on a server that worlds share; annotators are real accounts."""

    def __init__(self, server: LabelStudioServer, proxy: Proxy, home: Path, **options: Any) -> None:
        self.server, self.proxy, self.home = server, proxy, home
        self.vendor = LabelStudio(
            **{"url": proxy.url, "timeout": 2.5, "attempts": 3, "pause": 0.0, "page": 3} | options
        )
        self._instant: str | None = None
        self._hide(server.token(CAMPAIGNER))

    @property
    def exempt(self) -> Mapping[str, str]:  # type: ignore[override]
        return EXEMPT["label_studio"]

    def connect(self, outgoing: Outgoing | None = None) -> Account:
        more = {} if outgoing is None else {"outgoing": outgoing}
        truth = self.home / "truth.parquet"
        return self.vendor.connect(
            VendorContext(CAMPAIGN, CLASSES, PRICE, 1, self.home, truth, **more)
        )

    # The annotators.

    def answer(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        self._annotate(reference, key, annotator, {"result": chosen(label), "lead_time": 3.5})

    def edit(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        number = self._annotation(reference, key, annotator)
        body = {"result": chosen(label)}
        person = self.server.person(annotator)
        person.patch(f"/api/annotations/{number}/", json=body).raise_for_status()

    def delete(self, reference: Reference, key: str, annotator: str) -> None:
        number = self._annotation(reference, key, annotator)
        self.server.person(annotator).delete(f"/api/annotations/{number}/").raise_for_status()

    def skip(self, reference: Reference, key: str, annotator: str) -> None:
        self._annotate(reference, key, annotator, {"result": [], "was_cancelled": True})

    def leave_empty(self, reference: Reference, key: str, annotator: str) -> None:
        self._annotate(reference, key, annotator, {"result": []})

    def pass_time(self) -> None:
        # The wire lets nobody through while the server still works for one who has left.
        self.server.owner.get(f"{self.proxy.url}/api/current-user/whoami").raise_for_status()

    @contextmanager
    def same_instant(self, ago: float = 0.0) -> Iterator[None]:
        """Give all answers the same time, so many seconds ago."""
        moment = datetime.now(UTC) - timedelta(seconds=ago)
        self._instant = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        yield
        self._instant = None

    # The vendor's house.

    def predict(self, reference: Reference, key: str, label: str) -> None:
        body = {"task": self.task(reference, key), "result": chosen(label), "score": 0.9}
        made = {**body, "project": reference["project"], "model_version": "another"}
        self.server.owner.post("/api/predictions/", json=made).raise_for_status()

    def import_gold(self, reference: Reference, key: str, label: str) -> None:
        body = {"result": chosen(label), "ground_truth": True}
        path = f"/api/tasks/{self.task(reference, key)}/annotations/"
        self.server.owner.post(path, json=body).raise_for_status()

    def add_foreign_task(self, reference: Reference) -> None:
        body = {"data": {"shown_1": "somebody else's", "shown_table": {}}}
        body["annotations"] = [{"result": chosen("ash"), "ground_truth": False}]
        self._import(reference, body)

    def duplicate_task(self, reference: Reference, key: str) -> None:
        (task,) = self._tasks(reference, key)
        self._import(reference, {"data": task["data"], "meta": task["meta"]})

    def reuse_ids(self, reference: Reference) -> None:
        """Do nothing: with SQLite, a new task gets the id after the highest that is left."""

    def delete_batch(self, reference: Reference) -> None:
        self.server.owner.delete(f"/api/projects/{reference['project']}/").raise_for_status()

    def unacceptable(self) -> Mapping[str, Any]:
        return {"height": 1.0}

    # The wire.

    @contextmanager
    def trouble(self, kind: Trouble, *, writes: bool = True, times: int = 1) -> Iterator[None]:
        with trouble(self.proxy, kind, writes=writes, times=times, only=_of_work):
            yield

    def revoke(self) -> None:
        self.server.renewed(CAMPAIGNER)

    def renew(self) -> None:
        self._hide(self.server.token(CAMPAIGNER))

    def event(self, reference: Reference) -> tuple[Mapping[str, str], bytes]:
        with _receiver() as (url, events):
            owner, ann = self.server.owner, self.server.person("ann")
            hook = {"project": reference["project"], "url": url, "send_payload": True}
            made = owner.post("/api/webhooks/", json=hook).raise_for_status().json()
            path = f"/api/tasks/{self._tasks(reference)[0]['id']}/annotations/"
            given = ann.post(path, json={"result": chosen("ash")}).raise_for_status().json()
            event = events.get(timeout=10)
            owner.delete(f"/api/webhooks/{made['id']}/").raise_for_status()
            ann.delete(f"/api/annotations/{given['id']}/").raise_for_status()
            return event

    def webhooks(self, reference: Reference) -> list[Webhook]:
        params = {"project": reference["project"]}
        made = self.server.owner.get("/api/webhooks/", params=params).raise_for_status().json()
        assert all(one["is_active"] and not one["send_payload"] for one in made)
        return [Webhook(one["url"], *next(iter(one["headers"].items()))) for one in made]

    def count_tasks(self, reference: Reference) -> int:
        return len(self._tasks(reference))

    def payload(self, reference: Reference, key: str) -> Mapping[str, Any]:
        (task,) = self._tasks(reference, key)
        payload: Mapping[str, Any] = task["data"]["payload"]
        return payload

    def count_writes(self) -> int:
        refreshed = sum(each.forwarded for each in self.proxy.exchanges if not _of_work(each))
        return self.proxy.writes - refreshed

    def stored(self) -> bytes:
        """Give all bodies but those in which a personal token is exchanged for another."""
        sent = [each.body for each in self.proxy.exchanges if each.forwarded and _of_work(each)]
        return b"\n".join(sent)

    def task(self, reference: Reference, key: str) -> int:
        """Give the id of a task."""
        number: int = self._tasks(reference, key)[0]["id"]
        return number

    def _tasks(self, reference: Reference, key: str | None = None) -> list[dict[str, Any]]:
        params = {"project": reference["project"], "page_size": 5000, "include": "id,data,meta"}
        reply = self.server.owner.get("/api/tasks/", params=params).raise_for_status()
        tasks = reply.json()["tasks"]
        return [one for one in tasks if key is None or one["data"].get("labelloop_key") == key]

    def _annotation(self, reference: Reference, key: str, annotator: str) -> int:
        person = self.server.person(annotator)
        me = person.get("/api/current-user/whoami").json()["id"]
        task = self.task(reference, key)
        made = person.get(f"/api/tasks/{task}/annotations/").raise_for_status().json()
        (number,) = [one["id"] for one in made if one["completed_by"] == me]
        return int(number)

    def _annotate(
        self, reference: Reference, key: str, annotator: str, body: Mapping[str, Any]
    ) -> None:
        task = self.task(reference, key)
        path = f"/api/tasks/{task}/annotations/"
        made = self.server.person(annotator).post(path, json=body).raise_for_status().json()
        if self._instant:
            self.server.write("UPDATE task SET updated_at = ? WHERE id = ?", self._instant, task)
            both = "UPDATE task_completion SET updated_at = ?, created_at = ? WHERE id = ?"
            self.server.write(both, self._instant, self._instant, made["id"])

    def _import(self, reference: Reference, body: Mapping[str, Any]) -> None:
        path = f"/api/projects/{reference['project']}/import"
        self.server.owner.post(path, json=[body]).raise_for_status()

    def _hide(self, token: str) -> None:
        self.secrets = (token,)
        os.environ[self.vendor.token_env] = token


class PersonalTokenWorld(LabelStudioWorld):
    """The same with a personal access token."""

    def __init__(self, server: LabelStudioServer, proxy: Proxy, home: Path) -> None:
        super().__init__(server, proxy, home)
        self._hide(server.personal_token(CAMPAIGNER))

    def expire_token(self) -> None:
        # The server would say so after five minutes.
        self.proxy.then(ErrorBody(401, b'{"detail": "Given token not valid"}'), only=_of_work)

    def revoke(self) -> None:
        self._active(False)

    def renew(self) -> None:
        self._active(True)

    def _active(self, active: bool) -> None:
        email = f"{CAMPAIGNER}@labelloop.test"
        self.server.write("UPDATE htx_user SET is_active = ? WHERE email = ?", active, email)


def _of_work(exchange: Exchange) -> bool:
    return exchange.path != REFRESH


@contextmanager
def _receiver() -> Iterator[tuple[str, "queue.Queue[tuple[Mapping[str, str], bytes]]"]]:
    events: queue.Queue[tuple[Mapping[str, str], bytes]] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            events.put(({name.lower(): value for name, value in self.headers.items()}, body))

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{receiver.server_port}/", events
        receiver.shutdown()
        thread.join()
