"""Objects in a folder and in a bucket keep the same promises."""

import errno
import multiprocessing
import os
import resource
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.auth
import pytest
from botocore.exceptions import ClientError, SSLError
from faults import (
    CutBefore,
    CutResponse,
    Fault,
    Proxy,
    Reset,
    ServerError,
    ServerErrorAfter,
    Throttled,
    TimeoutAfter,
    Wire,
    writing,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain.errors import (
    OutcomeUnknownError,
    ParamsError,
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorError,
    VendorRefusedError,
)
from tasks.objects import client, errors, patience
from tasks.objects import s3 as s3_module
from tasks.objects.s3 import S3Objects
from tasks.objects.store import Access, open_objects

FORK = multiprocessing.get_context("fork")


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.integration)])
def url(request, tmp_path):
    if request.param == "folder":
        return str(tmp_path)
    return f"s3://{request.getfixturevalue('s3_bucket')}/some/prefix"


@pytest.fixture
def store(url):
    objects = open_objects(url)
    yield objects
    objects.close()


@pytest.fixture
def proxy(s3, s3_bucket, monkeypatch):
    monkeypatch.setattr(client, "READ_SECONDS", 1.5)
    monkeypatch.setattr(patience, "LONGEST", 0.0)
    monkeypatch.setattr(s3_module, "READS", 2)
    with Proxy("127.0.0.1", s3.ports["s3.port"]) as proxy:
        yield proxy


@pytest.fixture
def wired(proxy, s3_bucket):
    objects = open_objects(f"s3://{s3_bucket}/pre", Access(proxy.url))
    objects.put_new("first", b"")
    yield objects
    objects.close()


class TestBothForms:
    def test_a_name_is_written_once(self, store):
        assert store.put_new("a/b.json", b"one")
        assert not store.put_new("a/b.json", b"two")
        assert store.get("a/b.json").content == b"one"

    def test_put_replaces_and_changes_the_tag(self, store):
        store.put_new("a", b"one")
        before = store.head("a")
        store.put("a", b"two")
        assert store.get("a").content == b"two"
        assert store.head("a").etag != before.etag
        assert store.get("a", etag=before.etag) is None
        assert store.get("a", etag=store.head("a").etag).content == b"two"

    def test_what_is_not_there_is_none(self, store):
        store.put_new("a/b", b"")
        assert store.get("a/c") is None
        assert store.get("a") is None
        assert store.head("a") is None
        assert store.head("nowhere/at/all") is None
        assert list(store.find("nowhere/")) == []

    def test_names_are_listed_in_order_whatever_order_the_store_has(self, store):
        names = ["a/b", "a-b/c", "a.c", "a/a", "b", "ä", "a/d/e", "Z"]
        for name in names:
            store.put_new(name, name.encode())
        assert [one.name for one in store.find()] == sorted(names)
        assert [one.name for one in store.find("a/")] == ["a/a", "a/b", "a/d/e"]
        assert [one.name for one in store.find("a")] == ["a-b/c", "a.c", "a/a", "a/b", "a/d/e"]
        assert [one.name for one in store.find("a/", after="a/a")] == ["a/b", "a/d/e"]
        assert {one.size for one in store.find("b")} == {1}

    def test_names_after_one_are_listed(self, store):
        for number in range(10):
            store.put_new(f"few/{number}", b"")
        later = [f"few/{number}" for number in range(6, 10)]
        assert [one.name for one in store.find("few/", after="few/5")] == later

    def test_times_are_the_stores_own_and_in_utc(self, store):
        store.put_new("a", b"x")
        (info,) = store.find("a")
        assert info.modified.endswith("+00:00")
        assert abs(store.now() - datetime.fromisoformat(info.modified)) < timedelta(minutes=1)
        assert store.now().tzinfo == UTC
        assert store.get("a").modified[:19] == info.modified[:19]

    def test_what_is_too_large_is_not_read(self, store):
        store.put_new("a", b"x" * 100)
        assert store.get("a", limit=100).content == b"x" * 100
        with pytest.raises(VendorRefusedError, match=r"more than .* MB"):
            store.get("a", limit=99)

    def test_of_those_who_write_at_once_one_wins(self, store, url):
        start, results = FORK.Barrier(8), FORK.SimpleQueue()

        def write(number: int) -> None:
            objects = open_objects(url)
            start.wait()
            results.put((objects.put_new("race", str(number).encode()), number))

        processes = [FORK.Process(target=write, args=(number,)) for number in range(8)]
        for process in processes:
            process.start()
        said = [results.get() for _ in processes]
        for process in processes:
            process.join()
        (winner,) = [number for won, number in said if won]
        assert store.get("race").content == str(winner).encode()

    def test_nothing_is_left_beside_what_was_written(self, store):
        store.put_new("a/b", b"x")
        store.put_new("a/b", b"y")
        assert [one.name for one in store.find()] == ["a/b"]

    def test_checking_changes_nothing(self, store):
        store.check()
        assert list(store.find()) == []


class TestFolder:
    @pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/x", "", "a//b", "a/.", "a\0b"])
    def test_no_name_leads_out(self, tmp_path, name):
        objects = open_objects(str(tmp_path / "in"))
        (tmp_path / "in").mkdir()
        for call in (objects.get, objects.head, lambda name: objects.put_new(name, b"x")):
            with pytest.raises(VendorRefusedError):
                call(name)
        assert [path.name for path in tmp_path.rglob("*")] == ["in"]

    @settings(deadline=None)
    @given(name=st.text(alphabet="./a\0~$\\", max_size=12))
    def test_no_name_at_all_leads_out(self, tmp_path_factory, name):
        place = tmp_path_factory.mktemp("place")
        (place / "in").mkdir()
        objects = open_objects(str(place / "in"))
        try:
            objects.put_new(name, b"x")
        except VendorError:
            return
        assert [path.name for path in place.iterdir()] == ["in"]

    def test_links_are_not_followed_out(self, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "secret").write_bytes(b"x")
        (tmp_path / "in" / "way").symlink_to(tmp_path / "out")
        (tmp_path / "in" / "file").symlink_to(tmp_path / "out" / "secret")
        objects = open_objects(f"file://{tmp_path}/in")
        assert objects.find() == []
        for name in ("way/secret", "file"):
            with pytest.raises(VendorRefusedError, match="leads out"):
                objects.get(name)

    def test_hidden_files_and_drafts_are_not_listed(self, tmp_path):
        (tmp_path / ".draft").write_bytes(b"half")
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "config").write_bytes(b"")
        assert open_objects(str(tmp_path)).find() == []

    def test_a_folder_that_is_not_mounted_is_not_made(self, tmp_path):
        objects = open_objects(str(tmp_path / "share"))
        calls = (objects.check, lambda: objects.put_new("a", b""), lambda: objects.get("a"))
        for call in (*calls, objects.find, lambda: objects.head("a")):
            with pytest.raises(VendorRefusedError, match="there is no such folder; make it"):
                call()
        assert not (tmp_path / "share").exists()

    def test_a_full_disk_is_one_line_and_leaves_nothing(self, tmp_path):
        objects = open_objects(str(tmp_path))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            with pytest.raises(VendorRefusedError, match=r"full .*make room"):
                objects.put_new("a/large", b"x" * 2000)
            assert objects.put_new("a/small", b"x")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert [path.name for path in tmp_path.rglob("*")] == ["a", "small"]

    @pytest.mark.parametrize(
        ("number", "kind"),
        [
            (errno.ENOSPC, VendorRefusedError),
            (errno.EDQUOT, VendorRefusedError),
            (errno.EACCES, VendorAuthError),
            (errno.EROFS, VendorAuthError),
            (errno.EIO, TransientError),
            (errno.ESTALE, TransientError),
        ],
    )
    def test_every_trouble_of_a_disk_has_its_kind(self, tmp_path, monkeypatch, number, kind):
        def fail(*_):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "link", fail)
        with pytest.raises(kind, match="a"):
            open_objects(str(tmp_path)).put_new("a", b"x")
        assert list(tmp_path.iterdir()) == []


class CutAfterHead(Fault):
    """The connection breaks when the server has the head and no byte of the body."""

    kind = "cut_after_head"

    def suffer(self, wire: Wire) -> bool:
        wire._upstream.tell(wire.request.head)
        wire._upstream.close()
        return False


@pytest.mark.integration
class TestWire:
    @pytest.mark.parametrize("fault", [TimeoutAfter(), CutResponse(), ServerErrorAfter()])
    def test_what_was_written_before_the_wire_broke_counts(self, proxy, wired, fault):
        proxy.then(fault, only=writing)
        assert wired.put_new("a", b"x")
        assert wired.get("a").content == b"x"
        assert not wired.put_new("a", b"x")

    @pytest.mark.parametrize("fault", [CutBefore(), Reset(), ServerError(503), ServerError(500)])
    def test_what_may_have_been_written_is_unknown(self, proxy, wired, fault):
        proxy.then(fault, only=writing)
        with pytest.raises(OutcomeUnknownError, match="nobody knows"):
            wired.put_new("a", b"x")
        assert wired.put_new("a", b"x")

    @pytest.mark.parametrize("size", [1, 1000, 100_000])
    def test_a_connection_that_breaks_before_the_body_leaves_no_empty_object(
        self, proxy, wired, size
    ):
        for number in range(4):
            proxy.then(CutAfterHead(), only=writing)
            with pytest.raises(OutcomeUnknownError):
                wired.put_new(f"{number}", b"x" * size)
            assert wired.put_new(f"{number}", b"x" * size)

    @pytest.mark.parametrize("fault", [TimeoutAfter(), CutResponse(), ServerErrorAfter()])
    def test_what_another_has_written_is_not_taken_for_ours(self, proxy, wired, fault):
        wired.put_new("a", b"theirs")
        proxy.then(fault, only=writing)
        assert not wired.put_new("a", b"ours")
        assert wired.get("a").content == b"theirs"

    def test_a_write_is_never_repeated(self, proxy, wired):
        before = len([one for one in proxy.exchanges if writing(one)])
        proxy.then(*[ServerError(500)] * 5, only=writing)
        with pytest.raises(OutcomeUnknownError):
            wired.put_new("a", b"x")
        assert len([one for one in proxy.exchanges if writing(one)]) == before + 1

    @pytest.mark.parametrize("fault", [CutResponse(), ServerError(), TimeoutAfter(), Reset()])
    def test_a_read_is_tried_again(self, proxy, wired, fault):
        wired.put_new("a", b"x" * 1000)
        proxy.then(fault)
        assert wired.get("a").content == b"x" * 1000
        proxy.then(fault)
        assert [one.name for one in wired.find("a")] == ["a"]

    @pytest.mark.parametrize("limit", [999, 1000, 1001, 100_000])
    def test_half_an_object_is_never_taken_for_whole(self, proxy, wired, limit):
        wired.put_new("a", b"x" * 1000)
        proxy.follow(lambda _: CutResponse())
        with pytest.raises(TransientError, match="cannot be reached"):
            wired.get("a", limit=limit)

    def test_half_a_refusal_or_listing_is_never_taken_for_whole(self, proxy, wired):
        proxy.then(CutResponse())
        assert wired.get("nothing") is None
        proxy.follow(lambda _: CutResponse())
        for call in (wired.check, wired.find, lambda: wired.get("nothing")):
            with pytest.raises(TransientError, match="cannot be reached"):
                call()

    def test_a_store_is_given_the_time_that_it_asks_for(self, proxy, wired, monkeypatch):
        monkeypatch.setattr(patience, "LONGEST", 1.5)
        proxy.then(Throttled(1))
        start = time.monotonic()
        wired.check()
        assert time.monotonic() - start >= 1

    def test_a_forked_process_has_connections_of_its_own(self, proxy, wired):
        ours = wired._client
        child = FORK.Process(target=lambda: os._exit(wired._client is ours or wired.close() or 0))
        child.start()
        child.join()
        assert child.exitcode == 0
        assert wired._client is ours
        assert wired.get("first").content == b""

    def test_being_throttled_took_no_effect(self, proxy, wired):
        proxy.then(Throttled(7), only=writing)
        with pytest.raises(ThrottledError) as caught:
            wired.put_new("a", b"x")
        assert caught.value.retry_after == 7
        assert wired.get("a") is None

    def test_a_server_that_is_down_took_no_effect(self, proxy, wired):
        with proxy.down():
            for call in (wired.check, lambda: wired.put_new("a", b"x"), lambda: wired.get("a")):
                with pytest.raises(TransientError, match="cannot be reached"):
                    call()

    def test_a_store_that_overwrites_is_refused(self, s3_bucket, monkeypatch):
        put = S3Objects._put
        # A signature covers the condition, so no wire can take it out of a request.
        careless = lambda self, name, content, **condition: put(self, name, content)  # noqa: E731
        monkeypatch.setattr(S3Objects, "_put", careless)
        with pytest.raises(VendorRefusedError, match="in spite of If-None-Match"):
            open_objects(f"s3://{s3_bucket}/pre").put_new("a", b"x")


@pytest.mark.integration
class TestBadKeys:
    def test_a_bucket_that_is_not_there_is_named(self, s3_bucket):
        objects = open_objects("s3://nobody-made-this/pre")
        for call in (objects.check, lambda: objects.put_new("a", b""), lambda: objects.get("a")):
            with pytest.raises(VendorRefusedError, match="no bucket 'nobody-made-this'; make it"):
                call()

    @pytest.mark.parametrize(
        ("field", "words"),
        [
            ("access_key", "does not know this access key .*; check AWS_ACCESS_KEY_ID"),
            ("secret_key", "does not take this secret key .*; check AWS_SECRET_ACCESS_KEY"),
        ],
    )
    def test_wrong_keys_are_said_to_be_so(self, s3, s3_bucket, monkeypatch, field, words):
        wrong = replace(s3.owner, **{field: "wrong"})
        for name, value in s3.environment(wrong).items():
            monkeypatch.setenv(name, value)
        objects = open_objects(f"s3://{s3_bucket}")
        for call in (objects.check, lambda: objects.put_new("a", b"")):
            with pytest.raises(VendorAuthError, match=words) as caught:
                call()
            assert s3.owner.secret_key not in str(caught.value)

    def test_no_keys_at_all_are_asked_for(self, s3_bucket, monkeypatch, tmp_path):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        with pytest.raises(VendorAuthError, match="export AWS_ACCESS_KEY_ID"):
            open_objects(f"s3://{s3_bucket}").check()

    def test_a_secret_that_is_not_set_is_named(self, s3_bucket):
        access = Access(key_id="BUCKET_KEY_NOT_SET", key_secret="BUCKET_SECRET_NOT_SET")
        with pytest.raises(VendorAuthError, match="BUCKET_KEY_NOT_SET"):
            open_objects(f"s3://{s3_bucket}", access).check()

    def test_rights_on_one_prefix_alone(self, s3, s3_bucket, monkeypatch):
        for name, value in s3.environment(s3.limited).items():
            monkeypatch.setenv(name, value)
        allowed = open_objects(f"s3://{s3_bucket}/allowed")
        allowed.check()
        assert allowed.put_new("a", b"x")
        assert allowed.get("a").content == b"x"
        denied = open_objects(f"s3://{s3_bucket}/denied")
        with pytest.raises(VendorAuthError, match=rf"{s3_bucket}/denied.*may not list"):
            denied.check()
        with pytest.raises(VendorAuthError, match=rf"{s3_bucket}/denied/a.*may not write"):
            denied.put_new("a", b"x")

    def test_who_may_only_read_cannot_write(self, s3, s3_bucket, monkeypatch):
        for name, value in s3.environment(s3.reader).items():
            monkeypatch.setenv(name, value)
        objects = open_objects(f"s3://{s3_bucket}")
        objects.check()
        with pytest.raises(VendorAuthError, match="may not write"):
            objects.put_new("a", b"x")

    def test_a_clock_that_is_off_is_said_to_be_so(self, s3_bucket, monkeypatch):
        real = botocore.auth.get_current_datetime

        class Late(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) - timedelta(minutes=40)

        shifted = lambda *a, **k: real(*a, **k) - timedelta(minutes=40)  # noqa: E731
        monkeypatch.setattr(botocore.auth, "get_current_datetime", shifted)
        monkeypatch.setattr(errors, "datetime", Late)
        objects = open_objects(f"s3://{s3_bucket}")
        for call in (objects.check, lambda: objects.put_new("a", b"")):
            with pytest.raises(VendorRefusedError, match=r"off by about 40 minutes.*set the clock"):
                call()

    def test_an_address_that_is_no_s3_is_said_to_be_so(self, s3, s3_bucket):
        access = Access(f"http://127.0.0.1:{s3.ports['master.port']}")
        objects = open_objects(f"s3://{s3_bucket}", access)
        for call in (objects.check, lambda: objects.put_new("a", b"")):
            with pytest.raises(VendorRefusedError, match="check the endpoint"):
                call()


class TestWords:
    @pytest.mark.parametrize(
        ("code", "status", "kind"),
        [
            ("QuotaExceeded", 403, VendorRefusedError),
            ("XMinioStorageFull", 507, VendorRefusedError),
            ("InsufficientStorage", 507, VendorRefusedError),
            ("SlowDown", 503, ThrottledError),
            ("ServiceUnavailable", 503, ThrottledError),
            ("ExpiredToken", 400, VendorAuthError),
            ("RequestTimeout", 400, TransientError),
            ("PermanentRedirect", 301, VendorRefusedError),
            ("NotImplemented", 501, VendorRefusedError),
            ("WhatIsThis", 418, VendorRefusedError),
        ],
    )
    def test_every_word_of_a_store_has_its_kind(self, code, status, kind):
        reply = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        error = errors.mapped(ClientError(reply, "PutObject"), "write", "s3://b/k", Access())
        assert type(error) is kind
        assert str(error).startswith("s3://b/k: ")
        assert code in str(error)

    @pytest.mark.parametrize(
        ("said", "kind"),
        [
            ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", VendorRefusedError),
            ("[SSL: WRONG_VERSION_NUMBER] wrong version number", VendorRefusedError),
            ("EOF occurred in violation of protocol", TransientError),
        ],
    )
    def test_a_wire_that_broke_is_no_bad_certificate(self, said, kind):
        error = SSLError(endpoint_url="https://x", error=said)
        assert type(errors.mapped(error, "read", "s3://b/k", Access())) is kind
        assert errors.is_unsent(error) is (kind is VendorRefusedError)
        assert errors.is_broken_off(error) is (kind is TransientError)

    @pytest.mark.parametrize(
        "url",
        ["http://x/y", "relative/path", "s3://", "s3://me:pw@b", "file://host/x", "", "s3://b?x"],
    )
    def test_a_url_of_no_known_form_is_refused(self, url):
        with pytest.raises(ParamsError, match="is no s3://bucket/prefix"):
            open_objects(url)

    def test_a_url_says_where_it_is(self, tmp_path):
        assert open_objects("s3://bucket/a/b/").url == "s3://bucket/a/b"
        assert open_objects(str(tmp_path)).url == Path(tmp_path).as_uri()
