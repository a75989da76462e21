"""What left the house is what a listening server received, byte for byte, and nothing else."""

import json
from collections import Counter
from pathlib import Path

import pytest
from faults import Proxy
from servers import S3Server
from support import advance, change_params, items

from tasks import campaign as at
from tasks.delivery import egress, pages
from tasks.domain import state
from tasks.work import look_at

pytestmark = pytest.mark.integration


@pytest.fixture
def partner(campaign: Path, s3: S3Server, s3_bucket: str, tmp_path: Path) -> Proxy:
    """Send the campaign's tasks through a server that notes down what it hears."""
    with Proxy("127.0.0.1", int(s3.url.rsplit(":", 1)[1])) as proxy:
        options = {"url": f"s3://{s3_bucket}/work", "endpoint": proxy.url, "region": "us-east-1"}
        vendor = {"name": "bucket", "send": ["height"], "pseudonyms": True, "options": options}
        change_params(campaign, {"vendor": vendor, "stop": {"max_rounds": {"rounds": 1}}})
        yield proxy


def answer(s3: S3Server, bucket: str) -> None:
    """Let two annotators answer all tasks that are in the bucket."""
    client = s3.client()
    listed = client.list_objects_v2(Bucket=bucket)["Contents"]
    (name,) = [one["Key"] for one in listed if "/tasks-" in one["Key"]]
    body = client.get_object(Bucket=bucket, Key=name)["Body"].read()
    keys = [json.loads(line)["key"] for line in body.splitlines()]
    for who in ("ann", "bob"):
        rows = [
            {
                "key": key,
                "label": "ash",
                "annotator": who,
                "answered_at": "2026-01-05T09:00:00+00:00",
            }
            for key in keys
        ]
        lines = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
        folder = name.rsplit("/", 1)[0]
        client.put_object(Bucket=bucket, Key=f"{folder}/results/{who}.jsonl", Body=lines)


def test_the_manifest_is_what_the_server_received(
    campaign: Path, partner: Proxy, s3: S3Server, s3_bucket: str
) -> None:
    advance(campaign, wait=False)
    answer(s3, s3_bucket)
    for _ in range(3):
        advance(campaign, wait=False)
    assert state.stop(look_at(campaign).ledger.entries())
    lines = [json.loads(line) for line in pages.lines(campaign / at.EGRESS, 0)]
    assert all(egress.is_sound(line) for line in lines)
    received = [one.body for one in partner.exchanges if one.method == "PUT" and one.body]
    # A store that keeps its word is asked twice whether it does: the same bytes, once more.
    assert set(received) == {egress.body(line) for line in lines}
    assert max(Counter(received).values()) <= 2


def test_what_may_not_leave_did_not(campaign: Path, partner: Proxy) -> None:
    advance(campaign, wait=False)
    said = b"\n".join(one.body for one in partner.exchanges)
    assert b"height" in said
    for item in items().itertuples():
        assert item.item_id.encode() not in said
        assert str(item.girth).encode() not in said
