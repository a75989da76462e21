"""A partner that takes tasks from a bucket or a folder and lays results there."""

import csv
import io
import json
import os
import shutil
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pytest
from contracts.exemptions import EXEMPT
from faults import (
    CutBefore,
    CutResponse,
    ErrorBody,
    Proxy,
    ServerError,
    Throttled,
    TimeoutAfter,
    anything,
    writing,
)
from labelloop_contracts.world import CAMPAIGN, CLASSES, PRICE, CannotHappenError, Trouble, World
from servers import S3Server, identity

from tasks import registry
from tasks.domain.outgoing import Outgoing, Reference, VendorContext
from tasks.objects import client, patience
from tasks.objects import s3 as objects_s3

NO_WIRE = "there is no wire: a folder is there or not"
NO_SECRET = "a folder needs no credentials"
DONE = ("timeout_after", "cut_response")
EXEMPT_FOLDER = EXEMPT["bucket"] | {
    "no_secret_is_kept_or_told": NO_SECRET,
    "credentials_that_end_can_be_replaced_at_any_time": NO_SECRET,
    "connecting_speaks_with_nobody": NO_WIRE,
    "sending_that_goes_wrong_sends_each_task_once": NO_WIRE,
    "making_a_batch_that_goes_wrong_makes_one": NO_WIRE,
    "reading_that_goes_wrong_gives_an_error_or_the_truth": NO_WIRE,
    "deciding_that_goes_wrong_pays_once": NO_WIRE,
    "an_error_is_never_taken_for_success": NO_WIRE,
    "a_vendor_that_is_down_at_the_start_is_waited_for": NO_WIRE,
    "a_vendor_that_is_down_while_one_waits_loses_nothing": NO_WIRE,
    "being_throttled_says_how_long_to_wait": NO_WIRE,
}
NOT_AGREED = "the partner has not agreed to it"
EXEMPT_PLAIN = EXEMPT_FOLDER | {
    "cancelling_keeps_what_was_answered_and_ends_the_wait": NOT_AGREED,
    "extending_loses_nothing": NOT_AGREED,
    "deciding_twice_pays_once_and_the_first_decision_stands": NOT_AGREED,
}
ALL = ("cancel", "extend", "decide")
EAST = timezone(timedelta(hours=5.5))
SIZE = 1 << 20
KEY_ID, KEY_SECRET = "LABELLOOP_TEST_KEY_ID", "LABELLOOP_TEST_KEY_SECRET"

Row = dict[str, Any]


class BucketWorld(World):
    """A partner's side; a subclass says how it comes at files without labelloop's help.

    Attributes
    ----------
    ways : str
        How results come: a new file for each, or one file that grows.
    """

    ways: Literal["many", "one"] = "many"
    suffix = "jsonl"

    def __init__(self, place: Path, **options: Any) -> None:
        self.vendor = registry.build("vendors", "bucket", options)
        self._place = place
        self._number = self._file = 0
        self._instant: datetime | None = None
        self._last: dict[tuple[str, str], str] = {}

    @abstractmethod
    def names(self) -> list[str]:
        """List all that is there."""

    @abstractmethod
    def get(self, name: str) -> bytes: ...

    @abstractmethod
    def put(self, name: str, content: bytes) -> None: ...

    @abstractmethod
    def delete_all(self, folder: str) -> None: ...

    def connect(self, outgoing: Outgoing | None = None):
        more = {} if outgoing is None else {"outgoing": outgoing}
        truth = self._place / "truth.parquet"
        context = VendorContext(CAMPAIGN, CLASSES, PRICE, 11, self._place, truth, **more)
        return self.vendor.connect(context)

    def answer(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        self._deliver(reference, key, annotator, label=label)

    def edit(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        again = self._last[key, annotator]
        self._deliver(reference, key, annotator, label=label, answer_id=again)

    def delete(self, reference: Reference, key: str, annotator: str) -> None:
        again = self._last[key, annotator]
        self._deliver(reference, key, annotator, status="withdrawn", answer_id=again)

    def skip(self, reference: Reference, key: str, annotator: str) -> None:
        self._deliver(reference, key, annotator, status="skipped")

    def leave_empty(self, reference: Reference, key: str, annotator: str) -> None:
        self._deliver(reference, key, annotator, label="")

    def expire(self, reference: Reference, key: str) -> None:
        self._deliver(reference, key, "", status="expired")

    def pass_time(self) -> None:
        """Do nothing: what is in a file is there."""

    @contextmanager
    def same_instant(self) -> Iterator[None]:
        self._instant = datetime.now(UTC)
        yield
        self._instant = None

    def predict(self, reference: Reference, key: str, label: str) -> None:
        self._deliver(reference, key, "model", label=label, status="prediction")

    def import_gold(self, reference: Reference, key: str, label: str) -> None:
        self._deliver(reference, key, "expert", label=label, status="gold")

    def add_foreign_task(self, reference: Reference) -> None:
        line = json.dumps({"key": "not-ours", "copies": 1, "payload": {}})
        self.put(f"{reference['batch']}/tasks-theirs.jsonl", line.encode())
        self.answer(reference, "not-ours", "stranger", "ash")

    def duplicate_task(self, reference: Reference, key: str) -> None:
        folder = reference["batch"]
        first = next(one for one in self.names() if one.startswith(f"{folder}/tasks-"))
        self.put(f"{folder}/tasks-00007.{first.rpartition('.')[2]}", self.get(first))

    def reuse_ids(self, reference: Reference) -> None:
        self._number = 0

    def delete_batch(self, reference: Reference) -> None:
        self.delete_all(reference["batch"])

    def unacceptable(self) -> Mapping[str, Any]:
        return {"note": "x" * SIZE, "height": 1}

    def count_tasks(self, reference: Reference) -> int:
        lines = [line["key"] for line in self._sent(reference)]
        assert len(lines) == len(set(lines)), "a task is there twice"
        return len(lines)

    def payload(self, reference: Reference, key: str) -> Mapping[str, Any]:
        line = next(line for line in self._sent(reference) if line["key"] == key)
        if "payload" in line:
            return line["payload"]
        return {"note": line["payload.note"], "height": json.loads(line["payload.height"])}

    def count_writes(self) -> int:
        return len(self.names())

    def stored(self) -> bytes:
        return b"\n".join(self.get(name) for name in self.names())

    def _sent(self, reference: Reference) -> Iterator[Row]:
        for name in self.names():
            if name.startswith(f"{reference['batch']}/tasks-0"):
                text = self.get(name).decode()
                if name.endswith(".csv"):
                    yield from csv.DictReader(
                        io.StringIO(text, newline=""), delimiter=self.vendor.delimiter
                    )
                else:
                    yield from map(json.loads, text.removesuffix("\n").split("\n"))

    def _deliver(self, reference: Reference, key: str, annotator: str, **said: str) -> None:
        self._number += 1
        now = self._instant or datetime.now(UTC)
        row = {
            "key": key,
            "annotator": annotator,
            "label": "",
            "answered_at": now.astimezone(EAST).isoformat(),
            "answer_id": str(self._number),
            "seconds": 3.5,
            "status": "",
        } | said
        self._last[key, annotator] = row["answer_id"]
        row = {self.vendor.title(name): value for name, value in row.items()}
        self._file += self.ways == "many"
        name = f"{reference['batch']}/results/part-{self._file:04d}.{self.suffix}"
        before = self.get(name) if name in self.names() else b""
        self.put(name, before + self._row(row, titles=not before))

    def _row(self, row: Row, *, titles: bool) -> bytes:
        if self.suffix == "jsonl":
            return f"{json.dumps(row)}\n".encode()
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.vendor.delimiter)
        writer.writerows([list(row), list(row.values())] if titles else [list(row.values())])
        return text.getvalue().encode()


class FolderWorld(BucketWorld):
    """A shared folder; results are added to one file."""

    exempt = EXEMPT_FOLDER
    ways = "one"

    def __init__(self, place: Path, **options: Any) -> None:
        self.root = place / "share"
        self.root.mkdir()
        super().__init__(place, url=str(self.root), **({"accepts": ALL} | options))

    def names(self) -> list[str]:
        files = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in files)

    def get(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def put(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}")
        draft.write_bytes(content)
        draft.replace(path)

    def delete_all(self, folder: str) -> None:
        shutil.rmtree(self.root / folder)


class PlainWorld(FolderWorld):
    """A partner with CSV and words of its own, who has agreed to nothing beyond that."""

    exempt = EXEMPT_PLAIN
    suffix = "csv"
    columns: Mapping[str, str] = {
        "key": "task",
        "label": "class",
        "annotator": "worker",
        "answered_at": "time",
        "answer_id": "id",
    }

    def __init__(self, place: Path) -> None:
        super().__init__(place, accepts=(), format="csv", delimiter=";", columns=self.columns)


class S3World(BucketWorld):
    """A bucket of a real server with a wire that may fail; each result is a file of its own."""

    exempt = EXEMPT["bucket"]

    def __init__(
        self, place: Path, server: S3Server, bucket: str, patch: pytest.MonkeyPatch
    ) -> None:
        patch.setattr(client, "READ_SECONDS", 1.5)
        patch.setattr(patience, "LONGEST", 0.0)
        patch.setattr(objects_s3, "READS", 2)
        self._server, self._bucket, self._prefix = server, bucket, f"{place.name}/"
        self.proxy = Proxy("127.0.0.1", server.ports["s3.port"])
        self.proxy.__enter__()
        self._direct = server.client()
        self._patch = patch
        self.renew()
        super().__init__(
            place,
            url=f"s3://{bucket}/{place.name}",
            endpoint=self.proxy.url,
            region="us-east-1",
            key_id=KEY_ID,
            key_secret=KEY_SECRET,
            accepts=ALL,
        )

    def end(self) -> None:
        self._direct.close()
        self.proxy.__exit__()

    @property
    def secrets(self) -> tuple[str, ...]:
        return (os.environ[KEY_SECRET],)

    def names(self) -> list[str]:
        pages = self._direct.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
        return sorted(key.removeprefix(self._prefix) for key in keys)

    def get(self, name: str) -> bytes:
        reply = self._direct.get_object(Bucket=self._bucket, Key=self._prefix + name)
        return reply["Body"].read()

    def put(self, name: str, content: bytes) -> None:
        self._direct.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)

    def delete_all(self, folder: str) -> None:
        for name in self.names():
            if name.startswith(f"{folder}/"):
                self._direct.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    @contextmanager
    def trouble(self, kind: Trouble, *, writes: bool = True, times: int = 1) -> Iterator[None]:
        if writes and times > 1 and kind in DONE:
            raise CannotHappenError
        if kind == "down":
            with self.proxy.down():
                yield
            return
        faults = {
            "cut_before": CutBefore(),
            "timeout_after": TimeoutAfter(),
            "cut_response": CutResponse(),
            "throttled": Throttled(),
            "server_error": ServerError(),
            "error_body": ErrorBody(),
        }
        plan = self.proxy.then(*[faults[kind]] * times, only=writing if writes else anything)
        yield
        self.proxy.calm(plan)

    def revoke(self) -> None:
        self._server.owner = identity("owner", *self._server.owner.actions)
        self._server.kill()
        self._server.start()
        self._direct.close()
        self._direct = self._server.client()
        # It answers slowly at first, and the wire's time-outs are short.
        self.names()

    def renew(self) -> None:
        self._patch.setenv(KEY_ID, self._server.owner.access_key)
        self._patch.setenv(KEY_SECRET, self._server.owner.secret_key)
