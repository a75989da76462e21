"""A stranger's params.yaml names a host and a variable, and the secret goes there.

All that would leave this machine goes to a listener on loopback (`wiretap`), so that each test sees
what a host would have got, both before the place was confirmed and after.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import change_params, given, labelloop
from wiretap import Answer, Wiretap

from tasks import campaign as at
from tasks import checks
from tasks.audit import mlflow_client
from tasks.audit.mlflow_client import TrackingError
from tasks.domain.errors import LabelloopError, UntrustedError
from tasks.domain.needs import AWS, MLFLOW, Need
from tasks.ledger.s3 import S3Ledger
from tasks.trust import confirmed, machine, named
from tasks.versions import data, git

HOST = "http://label.example.org"
KEY = "AKIA-this-is-the-users-own"
SECRET = "secret-of-the-user-0123456789"


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user who has keys for other things, and has confirmed nothing."""
    monkeypatch.setenv(machine.VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", SECRET)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", SECRET)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.delenv(named.VARIABLE, raising=False)


def studio(token_env: str = "LABEL_STUDIO_TOKEN") -> dict[str, object]:
    options = {"url": HOST, "token_env": token_env, "attempts": 1}
    return {"vendor": {"name": "label_studio", "options": options}}


def test_the_users_own_keys_can_never_be_asked_for(campaign: Path, wiretap: Wiretap) -> None:
    given(campaign, studio("AWS_SECRET_ACCESS_KEY"))
    # Not even at a host that the user trusts with something else.
    confirmed.add([Need(HOST, "AWS_SECRET_ACCESS_KEY"), Need(HOST)], campaign)
    found = {one.name: one for one in checks.check(campaign)}["vendor"]
    assert not found.ok
    assert "the variable AWS_SECRET_ACCESS_KEY is not there for campaigns" in found.said
    assert wiretap.heard == []


def test_a_token_goes_to_no_host_that_was_not_confirmed(campaign: Path, wiretap: Wiretap) -> None:
    given(campaign, studio())
    for command in (["check"], ["run"], ["audit"]):
        done = labelloop("-C", campaign, *command)
        assert "Traceback" not in done.err
        if command != ["audit"]:
            assert done.code == 2
            said = f"{done.out}{done.err}"
            assert f"params.yaml vendor.options.url: {HOST}: is not trusted with " in said
            assert "trust`, or name the host in LABELLOOP_TRUST" in said
    assert wiretap.heard == []
    confirmed.add([Need(HOST, "LABEL_STUDIO_TOKEN")], campaign)
    labelloop("-C", campaign, "check")
    assert wiretap.overheard(SECRET)


def test_what_is_confirmed_is_a_pair(campaign: Path, wiretap: Wiretap) -> None:
    given(campaign, studio("LABELLOOP_OTHER_TOKEN"))
    os.environ["LABELLOOP_OTHER_TOKEN"] = SECRET
    confirmed.add([Need(HOST, "LABEL_STUDIO_TOKEN")], campaign)
    assert not {one.name: one for one in checks.check(campaign)}["vendor"].ok
    assert not wiretap.overheard(SECRET)
    del os.environ["LABELLOOP_OTHER_TOKEN"]


def test_the_environment_confirms_where_nobody_can_be_asked(
    campaign: Path, wiretap: Wiretap, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(campaign, studio())
    monkeypatch.setenv(named.VARIABLE, "other.example.org, label.example.org")
    checks.check(campaign)
    assert wiretap.overheard(SECRET)


def test_the_fallback_vendor_is_asked_for_too(campaign: Path, wiretap: Wiretap) -> None:
    options = {"url": HOST, "attempts": 1}
    fallback = {"name": "label_studio", "price": 1.0, "options": options}
    given(campaign, {"collect": {"fallback": fallback}})
    found = {one.name: one for one in checks.check(campaign)}["vendor"]
    assert "params.yaml collect.fallback.options.url" in found.said
    assert wiretap.heard == []


def test_mlflow_gets_nothing_at_a_host_that_was_not_confirmed(
    campaign: Path, wiretap: Wiretap
) -> None:
    with pytest.raises(UntrustedError, match=r"tracking\.uri: .* is not trusted with MLflow cred"):
        mlflow_client.prepare(campaign, f"{HOST}:5000/")
    assert wiretap.heard == []
    confirmed.add([Need(f"{HOST}:5000", MLFLOW)], campaign)
    wiretap.answer = lambda heard: Answer(404, b"{}")
    with pytest.raises(TrackingError):
        mlflow_client.prepare(campaign, f"{HOST}:5000/")
    assert wiretap.overheard(SECRET)


def test_mlflow_takes_the_token_to_no_other_address(campaign: Path, wiretap: Wiretap) -> None:
    confirmed.add([Need(HOST, MLFLOW)], campaign)
    away = {"Location": "http://elsewhere.example.org/x"}
    wiretap.answer = lambda heard: Answer(307, b"", away)
    with pytest.raises(TrackingError):
        mlflow_client.prepare(campaign, HOST)
    assert wiretap.overheard("label.example.org")
    assert not wiretap.overheard("elsewhere.example.org")


@pytest.mark.parametrize("endpoint", [HOST, ""])
def test_a_bucket_gets_the_users_keys_only_if_confirmed(
    endpoint: str, campaign: Path, wiretap: Wiretap
) -> None:
    options = {"url": "s3://foreign/x", "endpoint": endpoint}
    given(campaign, {"vendor": {"name": "bucket", "options": options}})
    found = {one.name: one for one in checks.check(campaign)}["vendor"]
    assert f"is not trusted with {AWS}" in found.said
    assert wiretap.heard == []
    place = f"{HOST}/foreign" if endpoint else "s3://foreign"
    confirmed.add([Need(place, AWS)], campaign)
    checks.check(campaign)
    assert wiretap.heard


def test_a_ledger_in_a_strangers_bucket_is_not_asked(campaign: Path, wiretap: Wiretap) -> None:
    given(campaign, {"storage": {"ledger": "s3://foreign/x", "endpoint": HOST}})
    for command in ("status", "run", "audit", "check"):
        done = labelloop("-C", campaign, command)
        assert "Traceback" not in f"{done.out}{done.err}", command
    assert wiretap.heard == []
    ledger = S3Ledger("s3://foreign/x", campaign / ".labelloop" / "other", HOST)
    with pytest.raises(UntrustedError):
        ledger.entries()
    confirmed.add([Need(f"{HOST}/foreign", AWS)], campaign)
    with pytest.raises(LabelloopError):
        ledger.entries()
    assert wiretap.overheard(KEY)


def test_dvc_pushes_to_no_remote_that_was_not_confirmed(campaign: Path, wiretap: Wiretap) -> None:
    data.add_remote(campaign, "s3://foreign/x", HOST)
    for call in (data.reach_remote, lambda root: data.push(root, ())):
        with pytest.raises(UntrustedError, match=r"\.dvc/config remote: .*/foreign"):
            call(campaign)
    assert wiretap.heard == []


@pytest.mark.parametrize("call", ["status", "why", "report", "replay"])
def test_what_asks_nobody_goes_on(call: str, campaign: Path, wiretap: Wiretap) -> None:
    given(campaign, studio())
    arguments = {"why": ["why", "item-0001"]}.get(call, [call])
    done = labelloop("-C", campaign, *arguments)
    assert "is not trusted" not in done.err
    assert wiretap.heard == []


ARTIFACTS = [
    ("file:///etc/x", "is outside the campaign"),
    ("/etc/x", "is outside the campaign"),
    ("s3://foreign/x", "is not trusted with AWS credentials"),
    ("http://elsewhere.example.org/x", "is not trusted with MLflow credentials"),
    ("ftp://elsewhere.example.org/x", "is not trusted"),
    ("mlflow-artifacts://elsewhere.example.org/x", "is another server than tracking.uri"),
]


@pytest.mark.parametrize(("artifacts", "said"), ARTIFACTS)
@pytest.mark.parametrize("uploads", [True, False])
def test_mlflows_files_go_nowhere_unasked(
    artifacts: str, said: str, uploads: bool, tmp_path: Path, scripted: Wiretap, wiretap: Wiretap
) -> None:
    info = {"run_id": "a" * 32, "run_uuid": "a" * 32, "experiment_id": "0", "status": "RUNNING"}
    run = {"info": {**info, "artifact_uri": artifacts}, "data": {}}
    scripted.answer = lambda heard: Answer(200, json.dumps({"run": run}).encode())
    (tmp_path / "x").write_text("of the user")
    with mlflow_client.client(tmp_path, scripted.url) as client:
        call = client.log_artifact if uploads else client.download_artifacts
        arguments = [str(tmp_path / "x")] if uploads else ["x", str(tmp_path)]
        with pytest.raises(UntrustedError, match=said):
            call("a" * 32, *arguments)
    assert wiretap.heard == []
    assert not Path("/etc/x").exists()


def test_a_redirect_does_not_take_the_token_along(campaign: Path, wiretap: Wiretap) -> None:
    given(campaign, studio())
    confirmed.add([Need(HOST, "LABEL_STUDIO_TOKEN")], campaign)
    away = {"Location": "http://elsewhere.example.org/api/version"}
    wiretap.answer = lambda heard: Answer(302, b"", away)
    found = {one.name: one for one in checks.check(campaign)}["vendor"]
    assert "points to elsewhere.example.org" in found.said
    assert not wiretap.overheard("Host: elsewhere.example.org")


def test_what_the_user_types_is_confirmed(campaign: Path, tmp_path: Path, wiretap: Wiretap) -> None:
    items = next((campaign / "data/source").iterdir())
    made = tmp_path / "made"
    done = labelloop(
        "init", made, "--pool", items, "--label", "label", "--holdout", "20", "--gold", "4",
        "--remote", "s3://mine/x", "--endpoint", HOST,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert confirmed.has(Need(f"{HOST}/mine", AWS), made)
    assert not confirmed.has(Need(f"{HOST}/other", AWS), made)


def test_trust_lists_confirms_and_takes_back(campaign: Path) -> None:
    given(campaign, studio())
    listed = labelloop("-C", campaign, "trust")
    assert (listed.code, "not trusted" in listed.out) == (0, True)
    assert not confirmed.has(Need(HOST, "LABEL_STUDIO_TOKEN"), campaign)
    assert "trusted" in labelloop("-C", campaign, "trust", "--yes").out
    assert confirmed.has(Need(HOST, "LABEL_STUDIO_TOKEN"), campaign)
    assert labelloop("trust", "--revoke", HOST).code == 0
    assert not confirmed.has(Need(HOST, "LABEL_STUDIO_TOKEN"), campaign)
    assert labelloop("trust", "--revoke", HOST).code == 2


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [("HTTPS://Label.Example.org:443/", "https://label.example.org"), ("s3://work/", "s3://work")],
)
def test_a_place_that_is_typed_is_confirmed_as_it_is_compared(
    campaign: Path, typed: str, spelled: str
) -> None:
    assert labelloop("-C", campaign, "trust", typed).code == 0
    assert confirmed.has(Need(spelled, "ANY"), campaign)
    assert labelloop("trust", "--revoke", typed).code == 0
    assert not confirmed.has(Need(spelled, "ANY"), campaign)


def test_a_vendor_of_others_is_confirmed_by_its_name(campaign: Path) -> None:
    assert labelloop("-C", campaign, "trust", "vendor:booth/0123456789abcdef").code == 0
    assert confirmed.has(Need("vendor:booth/0123456789abcdef"), campaign)


@pytest.mark.parametrize("typed", ["label.example.org", "https://", "no-such-folder"])
def test_what_is_no_place_is_one_line(campaign: Path, typed: str) -> None:
    done = labelloop("-C", campaign, "trust", typed)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert typed in done.err


def test_an_endpoint_that_is_no_address_is_one_line(tmp_path: Path) -> None:
    asked = ("--example", "digits", "--remote", "s3://work/x", "--endpoint", "minio")
    done = labelloop("init", tmp_path / "made", *asked)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "--endpoint" in done.err
    assert not (tmp_path / "made").exists()


def test_an_endpoint_of_params_is_named_by_its_field(campaign: Path) -> None:
    given(campaign, {"storage": {"endpoint": "minio"}})
    done = labelloop("-C", campaign, "check")
    assert done.code == 2
    assert "params.yaml storage.endpoint" in done.err


def test_a_clone_is_nobodys_own_until_somebody_says_so(campaign: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git.run(tmp_path, "clone", "--quiet", str(campaign), str(clone))
    assert not at.find(clone).is_own
    labelloop("-C", clone, "trust")
    assert not at.find(clone).is_own
    labelloop("-C", clone, "trust", "--yes")
    assert at.find(clone).is_own


@pytest.mark.parametrize(("answer", "trusted"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_at_a_terminal_it_is_asked_once(
    answer: bytes, trusted: bool, campaign: Path, wiretap: Wiretap
) -> None:
    given(campaign, studio())
    said = at_terminal(campaign, "check", answer)
    assert said.count(b"wants to connect to http://label.example.org with LABEL_STUDIO_TOKEN") == 1
    assert confirmed.has(Need(HOST, "LABEL_STUDIO_TOKEN"), campaign) is trusted
    assert wiretap.overheard(SECRET) is trusted
    if trusted:
        assert b"Trust it?" not in at_terminal(campaign, "check", b"")


def at_terminal(root: Path, command: str, typed: bytes) -> bytes:
    """Run a command at a terminal of its own, with what somebody types; give what it shows."""
    ours, theirs = os.openpty()
    arguments = [sys.executable, "-m", "flows.cli", "-C", str(root), command]
    process = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, typed)
    shown = b"".join(iter(reader(ours), b""))
    process.wait()
    os.close(ours)
    return shown


def reader(handle: int) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return os.read(handle, 65536)
        except OSError:
            # Linux says so when nobody holds the other end any more.
            return b""

    return read


def test_the_record_is_private_and_whole(campaign: Path) -> None:
    confirmed.add([Need(HOST, "LABEL_STUDIO_TOKEN")], campaign)
    path = machine.state() / confirmed.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("[]")
    with pytest.raises(LabelloopError, match="is not what labelloop wrote"):
        confirmed.has(Need(HOST), campaign)


def test_a_campaign_of_ones_own_is_asked_once_as_well(campaign: Path) -> None:
    change_params(campaign, studio())
    assert confirmed.has(Need(HOST, "LABEL_STUDIO_TOKEN"), campaign)
