"""A partner's bucket on a real server: what a folder cannot show."""

import json

import pytest
from labelloop_contracts.trial import Trial, follow
from vendors.bucket_world import S3World

from tasks.domain.errors import VendorAuthError, VendorError, VendorRefusedError

pytestmark = pytest.mark.integration


@pytest.fixture
def world(tmp_path, s3, s3_bucket, monkeypatch):
    world = S3World(tmp_path, s3, s3_bucket, monkeypatch)
    yield world
    world.end()


@pytest.fixture
def trial(world):
    trial = Trial(world)
    yield trial
    trial.end()


def test_more_files_than_a_page_of_a_listing_are_all_found(world, trial):
    account, reference, (task,) = trial.opened(1)
    for number in range(1050):
        row = {"key": task.key, "annotator": f"a{number}", "label": "ash"}
        row["answered_at"] = "2026-05-01T10:00:00Z"
        content = f"{json.dumps(row)}\n".encode() if number % 100 == 0 else b""
        world.put(f"{reference['batch']}/results/{number:04d}.jsonl", content)
    view = follow(world.vendor, account, reference)
    assert len(view.labelled()) == 11


def test_a_poll_costs_one_listing_once_all_is_read(world, trial):
    account, reference, tasks = trial.opened(5)
    for task in tasks:
        world.answer(reference, task.key, "ann", "ash")
    account.poll(reference)
    before = len(world.proxy.exchanges)
    assert account.poll(reference).answered == 5
    (listing,) = world.proxy.exchanges[before:]
    assert "list-type=2" in listing.path


def test_a_key_that_may_only_read_is_refused_when_it_would_write(world, trial, s3, monkeypatch):
    monkeypatch.setenv("LABELLOOP_TEST_KEY_ID", s3.reader.access_key)
    monkeypatch.setenv("LABELLOOP_TEST_KEY_SECRET", s3.reader.secret_key)
    account = trial.account()
    account.preflight()
    with pytest.raises(VendorAuthError, match=r"batch\.json: may not write"):
        account.ensure_batch(trial.spec())
    assert world.names() == []


def test_a_bucket_that_is_not_there_is_found_before_anything_is_sent(world, trial, s3):
    s3.client().delete_bucket(Bucket=world.vendor.url.split("/")[2])
    with pytest.raises(VendorRefusedError, match="there is no bucket"):
        trial.account().preflight()


def test_a_server_that_is_killed_loses_nothing_that_it_took(world, trial, s3):
    account, reference, tasks = trial.opened(4)
    s3.kill()
    try:
        with pytest.raises(VendorError):
            account.poll(reference)
    finally:
        s3.start()
    assert [one.key for one in account.reconcile(reference)] == sorted(one.key for one in tasks)
