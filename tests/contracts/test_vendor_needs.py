"""Every vendor says where it connects to, and connects nowhere that was not confirmed."""

from pathlib import Path
from typing import Any

import pytest
from wiretap import Wiretap

from tasks import registry
from tasks.delivery import needs
from tasks.domain.errors import UntrustedError, VendorError
from tasks.domain.needs import Need
from tasks.domain.outgoing import BatchSpec, VendorContext
from tasks.params import Params
from tasks.trust import confirmed, machine, named

HOST = "http://partner.example.org"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:workteam/private-crowd/us"
OUTSIDE: dict[str, dict[str, Any]] = {
    "label_studio": {"url": HOST, "attempts": 1},
    "bucket": {"url": "s3://work/x", "endpoint": HOST},
    "ground_truth": {
        "url": "s3://work/x",
        "region": "eu-west-1",
        "role_arn": "arn:aws:iam::123456789012:role/labeling",
        "workteam_arn": ARN,
        "s3_endpoint": HOST,
        "sagemaker_endpoint": HOST,
        "wait_seconds": 5.0,
    },
    "files": {"folder": "../elsewhere/shared"},
    "simulated": {"store": "/nowhere/else.sqlite"},
}
"""Options of each vendor that lead to another machine, or out of the campaign."""
SPEC = BatchSpec("trees-0000", ("ash", "birch"), {"name": "text"}, 1, 1, False)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(machine.VARIABLE, str(tmp_path / "state"))
    monkeypatch.delenv(named.VARIABLE, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "LABEL_STUDIO_TOKEN"):
        monkeypatch.setenv(name, "of-the-user-0123456789")


def test_every_vendor_is_looked_at_here() -> None:
    assert registry.names("vendors") == sorted(OUTSIDE)


@pytest.mark.parametrize("name", OUTSIDE)
def test_every_vendor_names_its_places_by_options_that_it_has(name: str) -> None:
    vendor = registry.build("vendors", name, OUTSIDE[name])
    assert vendor.needs()
    assert all(hasattr(vendor, need.field) for need in vendor.needs())


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_vendor_connects_before_it_was_confirmed(
    name: str, tmp_path: Path, wiretap: Wiretap
) -> None:
    root = tmp_path / "trees"
    context = VendorContext("trees", ("ash", "birch"), 1.0, 1, root / ".labelloop", root / "truth")
    vendor = registry.build("vendors", name, OUTSIDE[name])

    def speak() -> None:
        account = vendor.connect(context)
        try:
            account.preflight()
        finally:
            account.disconnect()

    def make() -> None:
        account = vendor.connect(context)
        try:
            account.ensure_batch(SPEC)
        finally:
            account.disconnect()

    for call in (speak, make):
        with pytest.raises(UntrustedError):
            call()
    assert wiretap.heard == []
    assert not (tmp_path / "elsewhere").exists()
    confirmed.add(vendor.needs(), root)
    try:
        speak()
    except VendorError as error:
        assert not isinstance(error, UntrustedError)  # noqa: PT017 - files may do without one
    assert wiretap.heard or name in ("files", "simulated")


class Silent:
    """A third party's vendor that does not say what it needs."""


def test_a_vendor_that_says_nothing_is_confirmed_by_its_name_and_options(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks import params as reading

    params: Params = reading.load(template / "params.yaml")
    monkeypatch.setattr(registry, "build", lambda *_: Silent())
    (need,) = needs.of_leg(params, 1)
    assert need.place.startswith("vendor:simulated/")
    with pytest.raises(UntrustedError, match=r"vendor\.name: vendor:simulated/.* is not trusted"):
        needs.require(params, 1, tmp_path)
    confirmed.add([Need(need.place)], tmp_path)
    needs.require(params, 1, tmp_path)
    changed = params.vendor.model_copy(update={"options": {"url": HOST}})
    other = params.model_copy(update={"vendor": changed})
    with pytest.raises(UntrustedError):
        needs.require(other, 1, tmp_path)
