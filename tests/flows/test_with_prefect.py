"""Runs with a real Prefect server: its record, kills, schedules, and nothing left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from prefect_server import ask, prepared
from processes import HANG_SECONDS
from support import alone, assert_same, change_params

from flows import home
from flows.surroundings import CLIENTS_PASSWORD
from tasks.domain import state
from tasks.domain.errors import (
    CampaignError,
    OutcomeUnknownError,
    VendorError,
    VendorRefusedError,
)
from tasks.ledger.local import LocalLedger

pytestmark = pytest.mark.integration


def command(
    root: Path, *arguments: str, out: Any = subprocess.PIPE, **environment: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "-C", str(root), *arguments],
        stdout=out,
        stderr=subprocess.STDOUT if out is not subprocess.PIPE else out,
        text=True,
        env={**os.environ, **environment},
    )


def test_the_record_is_complete_and_ends_in_awaiting_labels(campaign: Path, api: str) -> None:
    run = command(campaign, "run", PREFECT_API_URL=api)
    out, err = run.communicate(timeout=HANG_SECONDS)
    assert (run.returncode, err) == (0, "")
    assert "AwaitingLabels" in out
    (flow,) = ask(api, "/flow_runs/filter", sort="START_TIME_DESC", limit=1)
    assert flow["state"]["name"] == "AwaitingLabels"
    chosen = {"flow_runs": {"id": {"any_": [flow["id"]]}}}
    tasks = ask(api, "/task_runs/filter", **chosen)
    names = [task["name"].rsplit("-", 1)[0] for task in tasks]
    stages = ["pool", "open", "validate", "train", "score", "push"]
    others = ["begin", "deliver", "look", "catch_up", "catch_up", "publish"]
    assert sorted(names) == sorted([*stages, *others])
    assert {task["state"]["type"] for task in tasks} == {"COMPLETED"}


def test_killed_in_the_middle_it_goes_on(campaign: Path, finished: Path, api: str) -> None:
    killed = command(
        campaign,
        "run",
        "--wait",
        PREFECT_API_URL=api,
        LABELLOOP_CRASH_AT="0001/git:commit:after",
    )
    killed.communicate(timeout=HANG_SECONDS)
    assert killed.returncode == -signal.SIGKILL
    again = command(campaign, "run", "--wait", PREFECT_API_URL=api)
    out, err = again.communicate(timeout=HANG_SECONDS)
    assert (again.returncode, err) == (0, "")
    assert "stop rule max_rounds" in out
    assert_same(campaign, finished)


def test_a_users_mistake_is_one_line_with_prefect_too(campaign: Path, api: str) -> None:
    change_params(campaign, {"campaign": {"budget": 0.1}})
    run = command(campaign, "run", PREFECT_API_URL=api)
    out, err = run.communicate(timeout=HANG_SECONDS)
    assert run.returncode == 2
    assert len(err.splitlines()) == 1
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("error", "is_tried_again"),
    [
        (OutcomeUnknownError("silence"), True),
        (VendorError("a cut connection"), True),
        (VendorRefusedError("no such class"), False),
        (CampaignError("changes that are not committed"), False),
    ],
)
@alone
def test_what_passes_is_tried_again_and_a_mistake_is_not(
    api: str, monkeypatch: pytest.MonkeyPatch, error: Exception, is_tried_again: bool
) -> None:
    from prefect import flow
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    from flows import steps
    from tasks import actions

    attempts: list[Path] = []

    def look(directory: Path) -> dict[str, Any]:
        attempts.append(directory)
        raise error

    monkeypatch.setattr(actions, "look", look)
    monkeypatch.setattr(steps, "DELAYS", [0.01, 0.01, 0.01])
    password = os.environ[CLIENTS_PASSWORD]
    used = {PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: password}
    with temporary_settings(used), pytest.raises(type(error)):
        flow(lambda: steps.as_tasks()("look", directory=Path()), name="retries")()
    assert len(attempts) == (1 + steps.RETRIES["look"] if is_tried_again else 1)


def servers(root: Path) -> list[str]:
    """List the processes that were started for a campaign's own Prefect server."""
    wanted = f"PREFECT_HOME={home.of(root)}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if wanted in environment:
            found.append(process.name)
    return found


def test_two_runs_share_a_server_and_the_last_one_stops_it(campaign: Path, finished: Path) -> None:
    prepared(home.of(campaign))
    runs = [command(campaign, "run", "--wait") for _ in range(2)]
    for run in runs:
        _, err = run.communicate(timeout=HANG_SECONDS)
        assert (run.returncode, err) == (0, "")
    assert_same(campaign, finished)
    assert servers(campaign) == []


def test_serve_advances_by_itself_and_leaves_nothing_running(
    campaign: Path, tmp_path: Path
) -> None:
    change_params(campaign, {"stop": {"max_rounds": {"rounds": 1}}})
    prepared(home.of(campaign))
    log = tmp_path / "log"
    with log.open("w") as out:
        # Not into a pipe: one that nobody empties would stop it.
        serving = command(campaign, "serve", "--every", "3", out=out)
        try:
            until = time.monotonic() + HANG_SECONDS
            while state.state(LocalLedger(campaign / "ledger").entries()) != "stopped":
                assert time.monotonic() < until, log.read_text()
                assert serving.poll() is None, log.read_text()
                time.sleep(1)
            assert servers(campaign)
        finally:
            serving.send_signal(signal.SIGINT)
            serving.wait(timeout=HANG_SECONDS)
    assert "Traceback" not in log.read_text()
    assert servers(campaign) == []
