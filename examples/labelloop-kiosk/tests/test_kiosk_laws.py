"""Kiosk keeps the laws of every vendor, over a wire that goes wrong."""

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import faults
import pytest
from labelloop_contracts.vendor import VendorLaws
from labelloop_contracts.world import CAMPAIGN, CLASSES, PRICE, Trouble, World
from labelloop_kiosk.service import Kiosk as Service
from labelloop_kiosk.service import served
from labelloop_kiosk.vendor import Kiosk

from tasks.domain.outgoing import Outgoing, Reference, VendorContext
from tasks.domain.ports import Account

NO_SKIP = "at Kiosk nobody can decline a task"
NO_MODEL = "Kiosk has neither models nor gold"
EXEMPT = {
    "a_skip_is_no_label": NO_SKIP,
    "a_batch_that_everybody_skipped_is_complete": NO_SKIP,
    "an_empty_answer_is_no_label": NO_SKIP,
    "a_batch_that_was_left_empty_is_complete": NO_SKIP,
    "what_expired_ends_the_wait": "tasks do not expire at Kiosk",
    "two_answers_of_one_annotator_can_be_told_apart": "Kiosk keeps one answer of each annotator",
    "nothing_is_lost_among_answers_of_one_instant": "changes are numbered, whatever the time",
    "a_prediction_is_no_answer": NO_MODEL,
    "imported_gold_is_no_answer": NO_MODEL,
    "a_strangers_task_in_our_batch_is_not_ours": "a batch takes tasks from its campaign alone",
    "a_task_that_is_there_twice_is_listed_once": "a key is unique at Kiosk",
    "ids_that_the_vendor_uses_again_are_not_mixed_up": "answers are known by key and annotator",
    "an_event_is_a_hint_and_nothing_more": "Kiosk sends no webhooks",
    "extending_loses_nothing": "a batch stays open until it is complete",
    "a_webhook_is_registered_once_and_removed_alone": "Kiosk sends no webhooks",
    "registering_a_webhook_that_goes_wrong_registers_one": "Kiosk sends no webhooks",
    "deciding_twice_pays_once_and_the_first_decision_stands": "Kiosk pays every answer",
    "deciding_that_goes_wrong_pays_once": "Kiosk pays every answer",
    "more_copies_than_there_can_be_are_refused_unsent": "there is no limit",
    "a_short_lived_token_is_replaced_without_a_word": "Kiosk's tokens do not end",
}
WRITES = """
SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM tasks)
    + (SELECT count(*) FROM batches WHERE state != 'open')
"""
FAULTS: dict[Trouble, faults.Fault] = {
    "cut_before": faults.CutBefore(),
    "timeout_after": faults.TimeoutAfter(),
    "cut_response": faults.CutResponse(),
    "throttled": faults.Throttled(),
    "server_error": faults.ServerError(),
    "error_body": faults.ErrorBody(),
}


class KioskWorld(World):
    """A service behind a proxy; people answer past both."""

    exempt = EXEMPT

    def __init__(self, path: Path, proxy: faults.Proxy, token: "Token") -> None:
        self.vendor = Kiosk(proxy.url, timeout=0.5)
        self._service, self._proxy, self._token = Service(path), proxy, token
        self.secrets = (token.good,)

    def connect(self, outgoing: Outgoing | None = None) -> Account:
        told = {"outgoing": outgoing} if outgoing else {}
        home = self._service.path.parent
        return self.vendor.connect(
            VendorContext(CAMPAIGN, CLASSES, PRICE, 11, home, home / "truth.parquet", **told)
        )

    def answer(self, reference: Reference, key: str, annotator: str, label: str | None) -> None:
        known = self._rows("SELECT 1 FROM answers WHERE key = ? AND worker = ?", key, annotator)
        if known:
            super().skip(reference, key, annotator)
        self.edit(reference, key, annotator, label)

    def edit(self, reference: Reference, key: str, annotator: str, label: str | None) -> None:
        body = {"key": key, "worker": annotator, "label": label}
        self._service.call("answer", reference["batch"], body)

    def delete(self, reference: Reference, key: str, annotator: str) -> None:
        self.edit(reference, key, annotator, None)

    def pass_time(self) -> None:
        """Do nothing: an answer is there at once."""

    def delete_batch(self, reference: Reference) -> None:
        self._rows("DELETE FROM batches WHERE name = ?", reference["batch"])

    def unacceptable(self) -> Mapping[str, Any]:
        return {"note": "long " * 10_000, "height": 1}

    @contextmanager
    def trouble(self, kind: Trouble, *, writes: bool = True, times: int = 1) -> Iterator[None]:
        if kind == "down":
            with self._proxy.down():
                yield
            return
        only = faults.writing if writes else faults.anything
        plan = self._proxy.then(*[FAULTS[kind]] * times, only=only)
        yield
        self._proxy.calm(plan)

    def revoke(self) -> None:
        self._token.good = secrets.token_hex(16)

    def renew(self) -> None:
        self._token.hand_out()

    def count_tasks(self, reference: Reference) -> int:
        query = "SELECT count(*) FROM tasks WHERE batch = ?"
        return int(self._rows(query, reference["batch"])[0][0])

    def payload(self, reference: Reference, key: str) -> Mapping[str, Any]:
        body = json.loads(self._rows("SELECT body FROM tasks WHERE key = ?", key)[0][0])
        payload: Mapping[str, Any] = body["payload"]
        return payload

    def count_writes(self) -> int:
        ((count,),) = self._rows(WRITES)
        return int(count)

    def stored(self) -> bytes:
        return b"\n".join(exchange.body for exchange in self._proxy.exchanges)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self._service.path)) as database, database:
            return database.execute(query, values).fetchall()


class Token:
    """What the service takes now, and what labelloop has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._environment, self.good = monkeypatch, secrets.token_hex(16)
        self.hand_out()

    def hand_out(self) -> None:
        self._environment.setenv("LABELLOOP_KIOSK_TOKEN", self.good)


class TestKiosk(VendorLaws):
    @pytest.fixture
    def world(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
        token = Token(monkeypatch)
        with served(tmp_path / "kiosk.sqlite", 0, lambda: token.good) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            with faults.Proxy("127.0.0.1", server.server_port) as proxy:
                yield KioskWorld(tmp_path / "kiosk.sqlite", proxy, token)
            server.shutdown()
            thread.join()
