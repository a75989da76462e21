"""What a demo may delete: an earlier demo, and nothing else."""

from pathlib import Path

import pytest

from flows import demo
from tasks.domain.errors import CampaignError


def made(directory: Path, remote: Path) -> None:
    (directory / ".dvc").mkdir(parents=True)
    (directory / ".dvc" / "config").write_text(f"['remote \"storage\"']\n    url = {remote}\n")


def test_an_earlier_demo_is_replaced_and_its_remote_stays(tmp_path: Path) -> None:
    remote = tmp_path / "demo-remote"
    made(tmp_path / "demo", remote)
    remote.mkdir()
    (remote / "kept").write_text("bytes")
    demo._clear(tmp_path / "demo", remote)
    assert not (tmp_path / "demo").exists()
    assert (remote / "kept").read_text() == "bytes"


@pytest.mark.parametrize("remote", ["/elsewhere", None])
def test_a_campaign_of_somebody_is_not(tmp_path: Path, remote: str | None) -> None:
    directory = tmp_path / "digits"
    directory.mkdir()
    (directory / "params.yaml").write_text("pool: {source: 'example:digits'}\n")
    if remote:
        made(directory, Path(remote))
    with pytest.raises(CampaignError, match="is there already and no demo"):
        demo._clear(directory, tmp_path / "digits-remote")
    assert (directory / "params.yaml").exists()
