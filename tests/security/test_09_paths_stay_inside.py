"""A path in params.yaml that leads out of the campaign is not read or written until confirmed."""

from pathlib import Path

import pytest
from support import given, labelloop

from tasks import campaign as at
from tasks import checks
from tasks.audit import mlflow_client
from tasks.domain.errors import LabelloopError, UntrustedError
from tasks.domain.needs import Need
from tasks.needs import refuse_untrusted
from tasks.trust import confirmed, machine, named
from tasks.versions import data


@pytest.fixture(autouse=True)
def nothing_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(machine.VARIABLE, str(tmp_path / "state"))
    monkeypatch.delenv(named.VARIABLE, raising=False)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def vendor(name: str, **options: object) -> dict[str, object]:
    return {"vendor": {"name": name, "options": options}}


def named_by(kind: str, path: str) -> dict[str, object]:
    return {
        "files": vendor("files", folder=path),
        "simulated": vendor("simulated", store=path),
        "bucket": vendor("bucket", url=path),
        "tracking": {"tracking": {"uri": f"sqlite:///{path}/mlflow.db"}},
    }[kind]


@pytest.mark.parametrize("kind", ["files", "simulated", "bucket", "tracking"])
def test_nothing_is_written_outside(kind: str, campaign: Path, outside: Path) -> None:
    path = str(outside / "shop.sqlite") if kind == "simulated" else str(outside)
    given(campaign, named_by(kind, path))
    done = labelloop("-C", campaign, "run", "--no-prefect")
    assert done.code == 2
    assert f"{outside}" in done.err
    assert "is outside the campaign; run `labelloop -C" in done.err
    assert list(outside.iterdir()) == []
    assert labelloop("-C", campaign, "trust", "--yes").code == 0
    refuse_untrusted(campaign, at.find(campaign).params())


@pytest.mark.parametrize("path", ["../outside", "link", "link/deeper", "data/../../outside"])
def test_no_spelling_leads_out(path: str, campaign: Path, outside: Path) -> None:
    (campaign / "link").symlink_to(outside)
    given(campaign, vendor("files", folder=path))
    found = {one.name: one for one in checks.check(campaign)}
    assert "is outside the campaign" in found["vendor"].said


@pytest.mark.parametrize("path", [".git/hooks", ".dvc", "data/../.git"])
def test_folders_that_give_orders_are_none(path: str, campaign: Path) -> None:
    given(campaign, vendor("files", folder=path))
    confirmed.add([Need(path)], campaign)
    found = {one.name: one for one in checks.check(campaign)}
    assert "which is not for it" in found["vendor"].said


def test_a_path_is_confirmed_for_one_campaign(
    campaign: Path, outside: Path, tmp_path: Path
) -> None:
    confirmed.add([Need(str(outside))], campaign)
    assert confirmed.has(Need(str(outside)), campaign)
    assert not confirmed.has(Need(str(outside)), tmp_path / "another")
    assert not confirmed.has(Need(str(outside / "deeper")), campaign)


def test_a_folder_of_the_environment_confirms_what_is_beneath_it(
    campaign: Path, outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(campaign, vendor("files", folder=str(outside)))
    private = campaign / at.PRIVATE / "token"
    private.unlink()
    assert not at.find(campaign).is_own
    monkeypatch.setenv(named.VARIABLE, str(tmp_path))
    assert {one.name: one for one in checks.check(campaign)}["vendor"].ok
    assert at.find(campaign).is_own
    monkeypatch.setenv(named.VARIABLE, f"{tmp_path}-of-others")
    assert not at.find(campaign).is_own


def test_a_remote_folder_is_confirmed_too(campaign: Path, outside: Path) -> None:
    data.add_remote(campaign, str(outside))
    with pytest.raises(UntrustedError, match="is outside the campaign"):
        data.push(campaign, ())
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("uri", ["ssh://me@host/x", "gdrive://x", "http://host/x"])
def test_remotes_of_other_kinds_are_not_used(uri: str, campaign: Path) -> None:
    data.add_remote(campaign, uri)
    with pytest.raises(LabelloopError, match="where no data of a campaign can be"):
        data.push(campaign, ())


def test_a_strangers_database_says_nothing_of_where_files_are(
    campaign: Path, outside: Path
) -> None:
    with mlflow_client.client(campaign, "sqlite:///mlflow.db") as client:
        experiment = client.create_experiment("x", artifact_location=outside.as_uri())
        run = client.create_run(experiment).info.run_id
    (campaign / at.PRIVATE / "token").unlink()
    with (
        pytest.raises(UntrustedError, match="is outside the campaign"),
        mlflow_client.client(campaign, "sqlite:///mlflow.db") as client,
    ):
        client.log_artifact(run, str(campaign / at.PARAMS))
    assert list(outside.iterdir()) == []
