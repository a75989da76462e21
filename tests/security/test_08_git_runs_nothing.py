"""No name that a ledger has is an option of git, and no repository makes git run a program."""

import os
from pathlib import Path

import pytest
from security.openings import Said, clone, rewrite, script
from support import labelloop

from tasks import campaign as at
from tasks.audit.verify import audit
from tasks.domain.errors import CampaignError
from tasks.trust import git as calls
from tasks.trust import own, repository
from tasks.versions import git


@pytest.fixture
def hostile(finished: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Give a clone whose ledger has an option of git for a tag, and what that would write."""
    root, written = clone(finished, tmp_path), tmp_path / "written"

    def change(said: Said) -> None:
        if said["round"] == 1 and "tag" in said["body"]:
            said["body"]["tag"] = f"--output={written}"

    rewrite(root, change)
    with (root / at.PARAMS).open("a") as params:
        # So that the file of the round is read from git.
        params.write("# changed\n")
    return root, written


@pytest.mark.integration
@pytest.mark.parametrize("command", [["replay", "1"], ["why", "item-0001"], ["status"]])
def test_a_tag_is_no_option(hostile: tuple[Path, Path], command: list[str]) -> None:
    root, written = hostile
    done = labelloop("-C", root, *command)
    assert not list(written.parent.glob("written*"))
    assert done.code == 1
    assert "as the tag of round 1" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.integration
def test_an_audit_names_the_entry(hostile: tuple[Path, Path]) -> None:
    root, written = hostile
    found = [one for one in audit(root).problems if "as the tag of round 1" in one.what]
    assert [one.where.split("/")[0] for one in found] == ["ledger", "ledger"]
    assert not list(written.parent.glob("written*"))


def test_git_itself_is_given_no_option(tmp_path: Path) -> None:
    root = made(tmp_path)
    written = tmp_path / "written"
    with pytest.raises(CampaignError):
        git.read(root, f"--output={written}", "file")
    with pytest.raises(CampaignError):
        git.blobs(root, f"--output={written}")
    with pytest.raises(CampaignError):
        git.tag(root, "--force", "words")
    assert not list(tmp_path.glob("written*"))


def made(folder: Path) -> Path:
    """Make a repository of one file."""
    root = folder / "made"
    root.mkdir()
    git.init(root)
    (root / "file").write_text("words")
    git.commit(root, "Begin", ["file"])
    git.tag(root, "round-0000", "words")
    return root


def work(root: Path) -> None:
    """Do all that labelloop does in a repository on one machine."""
    (root / "file").write_text("other words")
    git.changed(root)
    git.is_ignored(root, "x")
    git.commit(root, "Go on", ["file"])
    git.tag(root, "round-0001", "words")
    git.read(root, "round-0001", "file")
    git.blobs(root, "round-0001")
    git.tags(root, merged=True)


@pytest.mark.parametrize("key", ["core.fsmonitor", "diff.external"])
def test_a_program_in_the_settings_is_not_run(tmp_path: Path, key: str) -> None:
    root = made(tmp_path)
    program, mark = script(tmp_path)
    git.run(root, "config", key, str(program))
    work(root)
    assert not mark.exists()


@pytest.mark.parametrize("where", ["hooks", "elsewhere"])
def test_no_hook_is_run(tmp_path: Path, where: str) -> None:
    root = made(tmp_path)
    program, mark = script(tmp_path)
    folder = root / ".git" / where
    folder.mkdir(exist_ok=True)
    if where == "elsewhere":
        git.run(root, "config", "core.hooksPath", str(folder))
    for name in ("reference-transaction", "post-commit", "post-index-change", "prepare-commit-msg"):
        (folder / name).symlink_to(program)
    work(root)
    assert not mark.exists()


def test_no_address_is_a_command(tmp_path: Path) -> None:
    root = made(tmp_path)
    program, mark = script(tmp_path)
    git.run(root, "config", "protocol.ext.allow", "always")
    with pytest.raises(CampaignError):
        git.run(root, "ls-remote", f"ext::{program}")
    assert not mark.exists()


def test_what_a_hook_of_git_hands_down_is_not_another_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made(tmp_path)
    (tmp_path / "other").mkdir()
    other = made(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    git.tag(root, "round-0001", "words")
    assert git.tags(root) == {"round-0000", "round-0001"}
    monkeypatch.undo()
    assert git.tags(other) == {"round-0000"}


def test_a_folder_around_is_not_taken_for_the_repository(tmp_path: Path) -> None:
    root = made(tmp_path) / "inside"
    (root / ".git").mkdir(parents=True)
    with pytest.raises(CampaignError, match="not a git repository"):
        git.tags(root)


def test_a_folder_that_looks_like_a_repository_is_none(tmp_path: Path) -> None:
    root = tmp_path / "bare"
    git.run(tmp_path, "init", "--quiet", "--bare", str(root))
    (root / ".git").mkdir()
    with pytest.raises(CampaignError, match="bare"):
        git.tags(root)


REFUSED = [
    "core.fsmonitor",
    "core.sshcommand",
    "core.gitproxy",
    "core.askpass",
    "core.editor",
    "core.pager",
    "core.hookspath",
    "core.worktree",
    "core.attributesfile",
    "core.alternaterefscommand",
    "credential.helper",
    "diff.x.textconv",
    "diff.x.command",
    "diff.external",
    "extensions.partialclone",
    "extensions.worktreeconfig",
    "filter.x.clean",
    "filter.x.process",
    "gpg.program",
    "gpg.ssh.defaultkeycommand",
    "include.path",
    "includeif.gitdir:/.path",
    "merge.x.driver",
    "protocol.ext.allow",
    "remote.origin.receivepack",
    "remote.origin.uploadpack",
    "remote.origin.vcs",
    "sequence.editor",
    "uploadpack.packobjectshook",
    "url.ext::x.insteadof",
]


@pytest.mark.parametrize("key", REFUSED)
def test_settings_that_could_run_something_are_refused_by_name(tmp_path: Path, key: str) -> None:
    root = made(tmp_path)
    repository.refuse_settings(root)
    section, name = key.rsplit(".", 1)
    first, _, rest = section.partition(".")
    heading = f'[{first} "{rest}"]' if rest else f"[{first}]"
    with (root / ".git" / "config").open("a") as config:
        config.write(f"{heading}\n\t{name} = {'true' if first == 'extensions' else '/x'}\n")
    with pytest.raises(CampaignError) as caught:
        repository.refuse_settings(root)
    assert (caught.value.where, key in caught.value.what) == (".git/config", True)


@pytest.mark.parametrize(
    ("url", "is_sound"),
    [
        ("https://example.org/x.git", True),
        ("ssh://git@example.org/x.git", True),
        ("git@example.org:x.git", True),
        ("/srv/x.git", True),
        ("../x.git", True),
        ("ext::sh -c x", False),
        ("--upload-pack=x", False),
        ("ssh://-oProxyCommand=x/y", False),
        ("other://x", False),
    ],
)
def test_an_address_is_one_that_git_itself_speaks(tmp_path: Path, url: str, is_sound: bool) -> None:
    root = made(tmp_path)
    with (root / ".git" / "config").open("a") as config:
        config.write(f'[remote "origin"]\n\turl = "{url}"\n')
    if is_sound:
        repository.refuse_settings(root)
        return
    with pytest.raises(CampaignError, match=r"remote\.origin\.url"):
        repository.refuse_settings(root)


@pytest.mark.integration
@pytest.mark.parametrize("command", ["status", "audit", "replay", "check", "report"])
def test_an_archive_with_hostile_settings_is_refused_unless_it_is_ones_own(
    finished: Path, tmp_path: Path, command: str
) -> None:
    root = clone(finished, tmp_path)
    program, mark = script(tmp_path)
    git.run(root, "config", "core.fsmonitor", str(program))
    done = labelloop("-C", root, command)
    # The audit tells it among its findings, and check among what hinders a round.
    assert (done.code, mark.exists()) == (1 if command == "audit" else 2, False)
    assert ".git/config: sets 'core.fsmonitor'" in done.out + done.err
    assert "Traceback" not in done.err
    own.take(root / at.PRIVATE)
    assert at.find(root).is_own


def test_names_of_files_are_read_as_they_are(tmp_path: Path) -> None:
    root = made(tmp_path)
    names = ["-x", 'a"b', "a\nb", "a -> b", "ä", " a"]
    for name in names:
        (root / name).write_text("words")
    assert sorted(git.changed(root)) == sorted(names)
    git.commit(root, "Add", names)
    git.tag(root, "round-0001", "words")
    assert set(git.blobs(root, "round-0001")) == {"file", *names}
    assert all(git.read(root, "round-0001", name) == b"words" for name in names)


def test_a_branch_of_a_tags_name_is_not_the_tag(tmp_path: Path) -> None:
    root = made(tmp_path)
    (root / "file").write_text("other words")
    git.commit(root, "Go on", ["file"])
    git.run(root, "branch", "round-0000")
    assert git.read(root, "round-0000", "file") == b"words"


def test_settings_are_read_once_while_the_file_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made(tmp_path)
    called: list[tuple[str, ...]] = []
    real = calls.call

    def counting(at_: Path, *arguments: str) -> bytes:
        called.append(arguments)
        return real(at_, *arguments)

    monkeypatch.setattr(repository.git, "call", counting)
    for _ in range(3):
        repository.refuse_settings(root)
        repository.refuse_tracked(root, at.PRIVATE)
    assert len(called) == 2
    os.utime(root / ".git" / "config")
    repository.refuse_settings(root)
    assert len(called) == 3
