"""What labelloop keeps beside a campaign can be read by this user only."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import HANG_SECONDS, labelloop_process
from support import advance, change_params, in_process

from flows.outages import Noted
from flows.turns import turn
from tasks import campaign as at
from tasks.audit import mlflow_client
from tasks.domain import files, locks
from tasks.domain.errors import TransientError
from tasks.ledger.local import LocalLedger
from tasks.trust import machine

DATABASE = "mlflow.db"


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """Make files as most users do: for everybody to read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """List all in a folder, and the folder itself, that others may do anything with."""
    return [
        f"{path} {stat.filemode(path.lstat().st_mode)}"
        for path in [folder, *folder.rglob("*")]
        if path.lstat().st_mode & files.OTHERS and not path.is_symlink()
    ]


@pytest.mark.integration
def test_a_run_leaves_nothing_that_others_can_read(campaign: Path, tmp_path: Path) -> None:
    change_params(campaign, {"stop": {"max_rounds": {"rounds": 1}}})
    log = tmp_path / "log"
    with labelloop_process(campaign, "run", "--wait", log=log) as run:
        assert run.wait(HANG_SECONDS) == 0, log.read_text()
    home = machine.of(campaign) / "prefect"
    for made in (home / "prefect.db", campaign / at.PRIVATE / "simulated-vendor.sqlite"):
        assert made.stat().st_size
    assert open_to_others(campaign / at.PRIVATE) == []
    # DVC lets everybody into its databases, in a folder that nobody else can enter.
    assert stat.S_IMODE((machine.state() / "dvc").stat().st_mode) == 0o700
    assert [one for one in open_to_others(machine.state()) if "/dvc/" not in one] == []


@pytest.mark.integration
def test_nor_does_a_vendor_of_files(campaign: Path) -> None:
    change_params(campaign, {"vendor": {"name": "files", "price": 0.05, "options": {}}})
    assert in_process(lambda: advance(campaign, wait=False)) == 0
    assert list((campaign / at.PRIVATE / "files").rglob("to_label-*.csv"))
    assert open_to_others(campaign / at.PRIVATE) == []


def test_nor_does_any_part_that_writes_there(tmp_path: Path) -> None:
    private = machine.private(tmp_path / at.PRIVATE)
    LocalLedger(tmp_path / at.LEDGER).keep(b"a page of answers")
    Noted(private / "outage").begin(TransientError("is away"))
    with turn(private / "turn.lock", "wait"), locks.exclusive(private / "lock"):
        pass
    assert len(list(private.iterdir())) == 4
    assert open_to_others(private) == []


def test_mlflows_database_is_as_private(tmp_path: Path) -> None:
    mlflow_client.prepare(tmp_path, f"sqlite:///{DATABASE}")
    assert stat.S_IMODE((tmp_path / DATABASE).stat().st_mode) == files.PRIVATE_FILE


def test_what_a_campaign_shares_stays_shared(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    files.write_atomic(tmp_path / "round" / "stop.json", b"{}")
    assert stat.S_IMODE((tmp_path / "round").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "round" / "stop.json").stat().st_mode) == files.SHARED_FILE
