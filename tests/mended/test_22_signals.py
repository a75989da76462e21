"""SIGTERM ends what stays, wherever it was started, and SIGKILL leaves nothing behind."""

import signal
from pathlib import Path

import pytest
from prefect_server import prepared
from processes import ids, labelloop_process, wait_for_end, wait_until
from support import change_params

from flows import home
from tasks.domain import state
from tasks.ledger.local import LocalLedger

pytestmark = pytest.mark.integration

SERVER, RUN = "flows.hosting", "prefect.engine"
SLOW = {
    "vendor": {"options": {"hours_per_look": 0.001, "median_hours": 1000.0}},
    "collect": {"poll_seconds": 86400.0},
}


def is_sent(root: Path) -> bool:
    return state.is_sent(LocalLedger(root / "ledger").entries(), 0)


def test_serve_ends_by_sigterm_where_sigint_is_ignored(campaign: Path, tmp_path: Path) -> None:
    prepared(home.of(campaign))
    log = tmp_path / "log"
    with labelloop_process(campaign, "serve", "--every", "3", log=log, deaf=True) as serving:
        wait_until(lambda: ids(campaign, RUN), serving, log)
        left = ids(campaign)
        serving.send_signal(signal.SIGINT)
        serving.send_signal(signal.SIGTERM)
        assert serving.wait() == 0, log.read_text()
        wait_for_end(left)
    assert ids(campaign) == []
    assert "Traceback" not in log.read_text()


def test_serve_ends_by_sigterm_while_its_server_starts(campaign: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with labelloop_process(campaign, "serve", log=log, deaf=True) as serving:
        left = wait_until(lambda: ids(campaign, SERVER), serving, log)
        serving.send_signal(signal.SIGTERM)
        assert serving.wait() == 128 + signal.SIGTERM, log.read_text()
        wait_for_end(left)
    assert ids(campaign) == []
    assert log.read_text() == "labelloop: terminated; run again to go on from here\n"


def test_nothing_is_left_of_a_serve_that_was_killed(campaign: Path, tmp_path: Path) -> None:
    change_params(campaign, SLOW)
    prepared(home.of(campaign))
    log = tmp_path / "log"
    with labelloop_process(campaign, "serve", "--every", "3", log=log) as serving:
        wait_until(lambda: ids(campaign, RUN), serving, log)
        left = ids(campaign)
        serving.kill()
        serving.wait()
        wait_for_end(left)
    assert ids(campaign) == []


@pytest.mark.parametrize("recorded", ["--prefect", "--no-prefect"])
def test_a_run_that_waits_ends_by_sigterm(campaign: Path, tmp_path: Path, recorded: str) -> None:
    change_params(campaign, SLOW)
    prepared(home.of(campaign))
    log = tmp_path / "log"
    with labelloop_process(campaign, "run", "--wait", recorded, log=log, deaf=True) as run:
        wait_until(lambda: is_sent(campaign), run, log)
        run.send_signal(signal.SIGTERM)
        assert run.wait() == 128 + signal.SIGTERM, log.read_text()
        wait_for_end(ids(campaign))
    assert "Traceback" not in log.read_text()
    assert log.read_text().endswith("labelloop: terminated; run again to go on from here\n")
