"""Vendors that are spoken with over HTTP, through random schedules of faults."""

import functools
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from faults import Proxy
from labelloop_contracts.world import CAMPAIGN, CLASSES, PRICE, World
from schedules import MOST_TASKS, play
from servers import S3Server
from vendors.ground_truth_world import GroundTruthWorld

from tasks import registry
from tasks.domain.outgoing import Outgoing, Reference, VendorContext
from tasks.domain.ports import Account, Vendor
from tasks.objects import patience

pytestmark = pytest.mark.long

SCHEDULES = 300
PARTS = 6
"""Of 50 schedules each, so that several cores can share them."""
START = datetime(2026, 1, 1, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "examples" / "labelloop-kiosk"

Wired = tuple[World, Sequence[Proxy]]


@dataclass
class Partner(World):
    """A partner of a bucket who works beside the store; a file of results for each annotator."""

    vendor: Vendor
    store: Any
    bucket: str
    home: Path
    delivered: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def connect(self, outgoing: Outgoing | None = None) -> Account:
        truth = self.home / "truth.parquet"
        return self.vendor.connect(VendorContext(CAMPAIGN, CLASSES, PRICE, 7, self.home, truth))

    def answer(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        name = f"work/{reference['batch']}/results/{annotator}.jsonl"
        rows = self.delivered.setdefault(name, [])
        at = START + timedelta(seconds=len(rows))
        row = {"key": key, "label": label, "annotator": annotator, "answered_at": at.isoformat()}
        rows.append(row)
        body = "".join(f"{json.dumps(each)}\n" for each in rows)
        self.store.put_object(Bucket=self.bucket, Key=name, Body=body.encode())

    edit = answer

    def pass_time(self) -> None:
        """Do nothing: what is in the store is there."""

    def count_tasks(self, reference: Reference) -> int:
        prefix = f"work/{reference['batch']}/tasks-"
        listed = self.store.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        blobs = (self.store.get_object(Bucket=self.bucket, Key=each["Key"]) for each in listed)
        return sum(blob["Body"].read().count(b"\n") for blob in blobs)


@pytest.fixture(autouse=True)
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the certificates of the world once for all lives, and wait for nobody."""
    import httpx._transports.default as transports

    monkeypatch.setattr(patience, "LONGEST", 0.0)
    monkeypatch.setattr(
        transports, "create_ssl_context", functools.cache(transports.create_ssl_context)
    )


@pytest.fixture
def bucket(s3: S3Server, s3_bucket: str, tmp_path: Path) -> Iterator[Wired]:
    with Proxy("127.0.0.1", s3.ports["s3.port"]) as proxy:
        url, accepts = f"s3://{s3_bucket}/work", ["cancel", "decide"]
        options = {"url": url, "endpoint": proxy.url, "accepts": accepts}
        vendor = registry.build("vendors", "bucket", options)
        yield Partner(vendor, s3.client(), s3_bucket, tmp_path), [proxy]


@pytest.fixture
def ground_truth(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    world = GroundTruthWorld(s3, tmp_path, monkeypatch.setenv)
    yield world, [world.files, world.jobs]
    world.end()


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    for folder in (EXAMPLE, EXAMPLE / "tests"):
        monkeypatch.syspath_prepend(folder)
    from test_kiosk_laws import KioskWorld, Token, served

    token = Token(monkeypatch)
    with served(tmp_path / "kiosk.sqlite", 0, lambda: token.good) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with Proxy("127.0.0.1", server.server_port) as proxy:
            yield KioskWorld(tmp_path / "kiosk.sqlite", proxy, token), [proxy]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", ["bucket", "ground_truth", "kiosk"])
def test_the_books_balance_after_every_schedule(
    name: str,
    part: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    world, proxies = request.getfixturevalue(name)

    # A labeling job is many calls.
    most = 6 if name == "ground_truth" else MOST_TASKS
    tally = play(world, proxies, range(part, SCHEDULES, PARTS), tmp_path, most_tasks=most)

    record_property("tally", [name, tally.to_json()])
    assert tally.schedules == SCHEDULES // PARTS
