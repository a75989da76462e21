"""What status tells was compared with the ledger."""

import json
import shutil
from pathlib import Path

import pytest
from security.openings import clone
from support import confirm, labelloop

from flows.status import status
from tasks import campaign as at
from tasks.domain import state
from tasks.ledger.local import LocalLedger

pytestmark = pytest.mark.integration
MANY = 99_999


@pytest.fixture
def stranger(finished: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Give a clone whose data is in a remote only, and the history there."""
    root, remote = clone(finished, tmp_path, cache=False), tmp_path / "remote"
    shutil.copytree(finished / ".dvc" / "cache", remote)
    said = f"[core]\nremote = storage\n['remote \"storage\"']\nurl = {remote}\n"
    (root / ".dvc" / "config").write_text(said)
    confirm(root)
    sealed = state.last(LocalLedger(root / at.LEDGER).entries(), "snapshot")
    assert sealed is not None
    md5 = sealed.body["files"][at.HISTORY]["md5"]
    return root, remote / "files" / "md5" / md5[:2] / md5[2:]


def test_status_reads_what_another_machine_closed(
    stranger: tuple[Path, Path], finished: Path
) -> None:
    assert status(stranger[0]).labels == status(finished).labels


def test_an_altered_object_of_the_remote_is_not_told(stranger: tuple[Path, Path]) -> None:
    root, there = stranger
    history = json.loads(there.read_bytes())
    history[-1]["labels"] = MANY
    there.chmod(0o644)
    there.write_text(json.dumps(history))
    done = labelloop("-C", root, "status")
    assert str(MANY) not in done.out.replace(",", "")
    assert done.code == 2
    assert f"{at.HISTORY}: is not what the ledger knows" in done.err
    assert len(done.err.splitlines()) == 1


def test_an_altered_file_of_the_work_tree_is_not_told(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "trees", symlinks=True))
    history = json.loads((root / at.HISTORY).read_text())
    history[-1]["labels"] = MANY
    (root / at.HISTORY).write_text(json.dumps(history))
    assert status(root).labels == status(finished).labels
