"""DVC's settings in a clone say where the data is, and nothing that could run or write."""

import re
from pathlib import Path

import pytest
from security.openings import clone, script
from support import labelloop

from tasks.create import Request, create
from tasks.domain.errors import CampaignError
from tasks.trust import own
from tasks.versions import data, dvc_config, git

S3 = "['remote \"storage\"']\nurl = s3://bucket/prefix\nendpointurl = http://127.0.0.1:9\n"
CORE = "[core]\nremote = storage\n"
ITEM = "item-0001"


@pytest.fixture
def hostile(finished: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Give a clone whose DVC remote takes credentials from a program, and that program's mark."""
    root = clone(finished, tmp_path, cache=False)
    program, mark = script(tmp_path)
    (root / "aws").write_text(f"[profile x]\ncredential_process = {program}\n")
    extra = "profile = x\nconfigpath = ../aws\n"
    (root / ".dvc" / "config").write_text(f"{CORE}{S3}{extra}")
    git.commit(root, "Name a remote", ["aws", ".dvc/config"])
    return root, mark


@pytest.mark.integration
@pytest.mark.parametrize("command", [["status"], ["why", ITEM], ["replay", "1"], ["report"]])
def test_no_command_runs_a_credential_process(
    hostile: tuple[Path, Path], command: list[str]
) -> None:
    root, mark = hostile
    done = labelloop("-C", root, *command)
    assert not mark.exists()
    assert done.code == 2
    assert re.search(r"\.dvc/config, remote 'storage'\.(profile|configpath): ", done.err)
    assert len(done.err.splitlines()) == 1


@pytest.mark.integration
@pytest.mark.parametrize(("command", "code"), [("check", 2), ("audit", 1)])
def test_commands_that_look_at_everything_name_the_setting(
    hostile: tuple[Path, Path], command: str, code: int
) -> None:
    root, mark = hostile
    done = labelloop("-C", root, command)
    assert not mark.exists()
    assert done.code == code
    assert ".dvc/config, remote 'storage'.profile" in done.out + done.err
    assert "Traceback" not in done.err


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Give a folder that holds DVC's settings and a git repository, and nothing else."""
    root = tmp_path / "bare"
    (root / ".dvc").mkdir(parents=True)
    git.init(root)
    return root


REFUSED = {
    "cache.dir": "[cache]\ndir = /tmp/elsewhere\n",
    "cache.type": "[cache]\ntype = symlink\n",
    "core.site_cache_dir": "[core]\nsite_cache_dir = /tmp/elsewhere\n",
    "core.hardlink_lock": "[CORE]\nHardlink_Lock = true\n",
    "core.no_scm": "[core]\nno_scm = true\n",
    "core.autostage": "[core]\nautostage = true\n",
    "hydra.plugins_path": "[hydra]\nplugins_path = .\n",
    "db.x": "['db \"x\"']\nurl = y\n",
    "machine.x": "['machine \"x\"']\nsetup_script = run.sh\n",
    "studio.url": "[studio]\nurl = http://127.0.0.1:9\n",
    "exp.git_remote": "[exp]\ngit_remote = x\n",
    "default.x": "[DEFAULT]\nx = y\n",
    "x": "x = y\n",
    "remote 'a'.credentialpath": "['remote \"a\"']\nurl = s3://b\ncredentialpath = x\n",
    "remote 'a'.profile": "['Remote \"A\"']\nurl = s3://b\nProfile = x\n",
    "remote 'a'.configpath": "[remote]\n[[a]]\nurl = s3://b\nconfigpath = x\n",
    "remote 'a'.bearer_token_command": "['remote \"a\"']\nbearer_token_command = x\n",
    "remote 'a'.keyfile": "['remote \"a\"']\nkeyfile = x\n",
    "remote 'a'.verify": "['remote \"a\"']\nverify = false\n",
    "remote 'a'.worktree": "['remote \"a\"']\nurl = s3://b\nworktree = true\n",
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("file", ["config", "config.local"])
def test_any_other_setting_is_refused_by_name(bare: Path, name: str, file: str) -> None:
    (bare / ".dvc" / file).write_text(REFUSED[name])
    with pytest.raises(CampaignError) as caught:
        dvc_config.load(bare)
    assert caught.value.where == f".dvc/{file}, {name}"


@pytest.mark.parametrize(
    "url",
    [
        "ssh://127.0.0.1/x",
        "http://127.0.0.1:9/x",
        "https://127.0.0.1:9/x",
        "gs://bucket",
        "remote://other/x",
        "ext::sh -c x",
        "file:///etc",
        "webdav://127.0.0.1:9",
        "S3://bucket",
        "s3://who@bucket/x",
        "s3://bucket/x?versionId=1",
        "%(other)s",
    ],
)
def test_data_is_in_a_folder_or_a_bucket(bare: Path, url: str) -> None:
    (bare / ".dvc" / "config").write_text(f"[core]\nremote = a\n['remote \"a\"']\nurl = '{url}'\n")
    with pytest.raises(CampaignError, match=r"\.dvc/config"):
        dvc_config.default_remote(bare)


@pytest.mark.parametrize("endpoint", ["unix:///run/x", "http://me:pw@127.0.0.1", "x"])
def test_a_store_is_spoken_to_by_http(bare: Path, endpoint: str) -> None:
    said = f"{CORE}['remote \"storage\"']\nurl = s3://b/p\nendpointurl = {endpoint}\n"
    (bare / ".dvc" / "config").write_text(said)
    with pytest.raises(CampaignError, match="endpointurl"):
        dvc_config.default_remote(bare)


def test_no_campaign_is_made_with_a_remote_that_it_could_not_use(tmp_path: Path) -> None:
    request = Request(tmp_path / "digits", example="digits", remote="gs://bucket")
    with pytest.raises(CampaignError, match="--remote: is 'gs://bucket'"):
        create(request)
    assert not request.directory.exists()


def test_what_a_clone_may_say_is_given_as_data(bare: Path) -> None:
    assert dvc_config.default_remote(bare) is None
    (bare / ".dvc" / "config").write_text(f"{CORE}analytics = False\n{S3}")
    found = dvc_config.default_remote(bare)
    assert found == dvc_config.Remote("storage", "s3://bucket/prefix", "http://127.0.0.1:9")
    assert not found.is_folder


def test_a_default_remote_that_is_not_there_is_named(bare: Path) -> None:
    (bare / ".dvc" / "config").write_text(CORE)
    with pytest.raises(CampaignError, match=r"core\.remote: names the remote 'storage'"):
        data.has_remote(bare)


def test_settings_of_ones_own_machine_are_not_looked_at_unless_git_brought_them(
    bare: Path, tmp_path: Path
) -> None:
    local = bare / ".dvc" / "config.local"
    local.write_text(f"[cache]\ndir = {tmp_path / 'cache'}\n")
    own.take(bare / ".labelloop")
    assert dvc_config.load(bare)["cache"]["dir"] == str(tmp_path / "cache")
    git.commit(bare, "Track it", [".dvc/config.local"])
    with pytest.raises(CampaignError, match=r"\.dvc/config\.local, cache\.dir"):
        dvc_config.load(bare)


@pytest.mark.parametrize("name", ["config", "config.local", "cache", "tmp", "tmp/lock"])
def test_links_in_its_folder_are_not_followed(bare: Path, tmp_path: Path, name: str) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine")
    (bare / ".dvc" / name).parent.mkdir(exist_ok=True)
    (bare / ".dvc" / name).symlink_to(kept)
    with (
        pytest.raises(CampaignError, match=rf"\.dvc/{name}: is a symbolic link"),
        data.opened(bare),
    ):
        pytest.fail("it was opened")
    assert kept.read_text() == "mine"


def test_what_dvc_remembers_is_in_a_folder_of_the_users_own(
    bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DVC_SITE_CACHE_DIR", raising=False)
    monkeypatch.setenv("LABELLOOP_STATE", str(tmp_path / "state"))
    with data.opened(bare) as repo:
        assert Path(repo.site_cache_dir).is_relative_to(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
