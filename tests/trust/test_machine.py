"""The user's own folder is private, and nobody else's is taken for it."""

import stat
from pathlib import Path

import pytest

from tasks.domain.errors import CampaignError
from tasks.trust import machine


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(machine.VARIABLE, str(tmp_path / "state"))
    return tmp_path / "state"


def test_only_the_user_may_enter(state: Path) -> None:
    assert machine.state() == state
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_folder_that_others_may_read_is_shut(state: Path) -> None:
    state.mkdir(mode=0o755)
    state.chmod(0o755)
    machine.state()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_two_campaigns_of_one_name_have_a_folder_each(tmp_path: Path) -> None:
    folders = {machine.of(tmp_path / parent / "trees") for parent in ("a", "b")}
    assert len(folders) == 2
    assert all(folder.name.startswith("trees-") for folder in folders)


def test_a_symbolic_link_is_refused(state: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    state.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CampaignError, match="is no folder of its own"):
        machine.of(tmp_path / "trees")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_it_follows_the_desktop_standard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(machine.VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert machine.state() == tmp_path / "xdg" / "labelloop"
