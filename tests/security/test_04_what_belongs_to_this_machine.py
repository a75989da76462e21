"""Nobody brings what belongs to this machine, and no place that is written to leads elsewhere."""

import os
import shutil
from pathlib import Path

import pytest
from security.openings import clone
from support import labelloop

from tasks import campaign as at
from tasks.domain.errors import CampaignError
from tasks.versions import git


@pytest.fixture
def stranger(template: Path, tmp_path: Path) -> Path:
    return clone(template, tmp_path)


@pytest.mark.parametrize("name", [".labelloop/kept/x", ".labelloop/vendor.sqlite", ".LabelLoop/x"])
def test_a_private_folder_that_git_brings_is_refused(stranger: Path, name: str) -> None:
    at.find(stranger)
    (stranger / name).parent.mkdir(parents=True)
    (stranger / name).write_text("theirs")
    git.run(stranger, "add", "--force", name)
    with pytest.raises(CampaignError, match=r"\.labelloop: belongs to this machine"):
        at.find(stranger)


def test_it_is_refused_in_ones_own_campaign_too(campaign: Path) -> None:
    (campaign / ".labelloop" / "kept").mkdir()
    (campaign / ".labelloop" / "kept" / "x").write_text("theirs")
    git.run(campaign, "add", "--force", ".labelloop/kept/x")
    done = labelloop("-C", campaign, "status")
    assert done.code == 2
    assert ".labelloop: belongs to this machine" in done.err


@pytest.mark.parametrize(
    "name", ["report.html", "exports", ".labelloop", "data", "base", "round", "snapshot", "ledger"]
)
@pytest.mark.parametrize("is_tracked", [True, False])
def test_a_place_that_leads_elsewhere_is_refused(
    stranger: Path, tmp_path: Path, name: str, is_tracked: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if (stranger / name).is_dir():
        shutil.rmtree(stranger / name)
    (stranger / name).symlink_to(elsewhere)
    if is_tracked:
        git.run(stranger, "add", "--force", name)
    done = labelloop("-C", stranger, "report")
    assert done.code == 2
    assert name in done.err
    assert len(done.err.splitlines()) == 1
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["params.yaml", "round.json", "suites/pool.json", at.POOL])
def test_a_file_that_is_read_is_no_link(stranger: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("mine")
    (stranger / name).parent.mkdir(exist_ok=True)
    (stranger / name).unlink(missing_ok=True)
    (stranger / name).symlink_to(tmp_path / "secret")
    with pytest.raises(CampaignError, match=f"{name}: is a symbolic link"):
        at.find(stranger)


def test_ones_own_link_is_ones_own_unless_git_brought_it(campaign: Path, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (campaign / "exports").symlink_to(tmp_path / "share")
    at.find(campaign)
    git.run(campaign, "add", "--force", "exports")
    with pytest.raises(CampaignError, match="exports: is a symbolic link"):
        at.find(campaign)


@pytest.mark.parametrize("name", [at.POOL, "suites/x.json"])
def test_what_would_wait_for_ever_is_not_read(stranger: Path, name: str) -> None:
    (stranger / name).parent.mkdir(exist_ok=True)
    os.mkfifo(stranger / name)
    with pytest.raises(CampaignError, match="is neither a file nor a folder"):
        at.find(stranger)
