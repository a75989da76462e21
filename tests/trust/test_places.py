"""Addresses have one spelling, and none but this machine's passes for it."""

import pytest

from tasks.domain.needs import Need
from tasks.trust import confirmed, named, places


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("https://Label.Example.ORG/", "https://label.example.org"),
        ("https://label.example.org:443/a/b", "https://label.example.org"),
        ("https://label.example.org.", "https://label.example.org"),
        ("HTTP://label.example.org:80", "http://label.example.org"),
        ("http://label.example.org:8443", "http://label.example.org:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[0:0::1]:80/x", "http://[::1]"),
    ],
)
def test_an_address_has_one_spelling(written: str, spelled: str) -> None:
    assert places.origin(written) == spelled


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1@evil.example.org",
        "https://me:secret@label.example.org",
        "https://127.0.0.1\\@evil.example.org",
        "https://127.0.0.1\t.evil.example.org",
        "https://label.example.org?x=https://127.0.0.1",
        "https://label.example.org#@127.0.0.1",
        "https://127.0.0.1%2eevil.example.org",
        "https://label.example.org:99999",
        "https://[127.0.0.1]",
        "https://",
        "//label.example.org",
        "label.example.org",
        "",
    ],
)
def test_an_address_that_two_could_read_in_two_ways_is_none(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        places.origin(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_this_machine_is_known(host: str) -> None:
    assert places.is_here(Need(places.origin(f"http://{host}:8080")))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1.evil.example.org",
        "localhost.evil.example.org",
        "evil-localhost",
        # Programs read these as 127.0.0.1, or as this machine; they are asked for like any other.
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:10.0.0.1]",
        "192.168.0.1",
        "128.0.0.1",
    ],
)
def test_no_other_passes_for_it(host: str) -> None:
    assert not places.is_here(Need(places.origin(f"http://{host}:8080")))


def test_aws_is_here_only_if_the_users_environment_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    assert not places.is_here(Need("s3://bucket"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:8333")
    assert places.is_here(Need("s3://bucket"))
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert not places.is_here(Need("s3://bucket"))


@pytest.mark.parametrize(
    ("word", "place", "covered"),
    [
        ("label.example.org", "https://label.example.org", True),
        ("label.example.org", "http://label.example.org", True),
        ("Label.Example.org", "https://label.example.org", True),
        ("label.example.org", "https://label.example.org.evil.org", False),
        ("label.example.org", "https://evil-label.example.org", False),
        ("example.org", "https://label.example.org", False),
        ("label.example.org", "https://label.example.org:8443", False),
        ("label.example.org:8443", "https://label.example.org:8443", True),
        ("https://label.example.org", "http://label.example.org", False),
        ("minio.example.org", "https://minio.example.org/bucket", True),
        ("https://minio.example.org/bucket", "https://minio.example.org/bucket", True),
        ("https://minio.example.org/bucket", "https://minio.example.org/other", False),
        ("s3://bucket", "s3://bucket", True),
        ("s3://bucket", "s3://bucket-of-others", False),
        ("bucket", "s3://bucket", False),
        ("*", "https://label.example.org", False),
    ],
)
def test_the_environment_names_exactly(
    word: str, place: str, covered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(named.VARIABLE, f"first.example.org,{word} /srv")
    assert named.covers(place) is covered


def test_a_pair_is_a_place_with_a_secret(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELLOOP_STATE", str(tmp_path / "state"))
    confirmed.add([Need("https://a.example.org", "LABELLOOP_A")], tmp_path)
    assert confirmed.has(Need("https://a.example.org", "LABELLOOP_A"), tmp_path)
    assert confirmed.has(Need("https://a.example.org"), tmp_path)
    assert not confirmed.has(Need("https://a.example.org", "LABELLOOP_B"), tmp_path)
    assert not confirmed.has(Need("https://b.example.org"), tmp_path)
