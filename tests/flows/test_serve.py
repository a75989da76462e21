"""`labelloop serve` with a real Prefect server: schedules, turns, signals, webhooks."""

import hashlib
import hmac
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from leftovers import processes
from prefect_server import ask
from processes import HANG_SECONDS
from support import FORK, change_params, labelloop

from flows.turns import turn
from tasks.domain import state
from tasks.ledger.local import LocalLedger

SECRET = "a-secret-that-nobody-guesses"
SAID = {"labels.awaited", "labels.arrived", "round.closed", "campaign.stopped"}
integration = pytest.mark.integration


def hold(path: Path, ready: Any) -> None:
    with turn(path, "wait"):
        ready.set()
        time.sleep(3600)


def test_a_turn_is_had_by_one_and_ends_with_its_process(tmp_path: Path) -> None:
    path, ready = tmp_path / "turn.lock", FORK.Event()
    holder = FORK.Process(target=hold, args=(path, ready))
    holder.start()
    try:
        assert ready.wait(HANG_SECONDS)
        with turn(path, "leave") as goes_on:
            assert not goes_on
        with turn(path, "join") as goes_on:
            assert goes_on
    finally:
        holder.kill()
        holder.join()
    with turn(path, "wait") as goes_on:
        assert goes_on


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--cron", "0 7 * * *", "--rounds-every", "60"], "--rounds-every: goes not with --cron"),
        (["--cron", "often"], "--cron: 'often' is no plan"),
        (["--cron", ""], "--cron: '' is no plan"),
        (["--cron", "61 7 * * *"], "--cron: Invalid cron"),
        (["--cron", "0 7 * * *", "--timezone", "Nowhere/Here"], "--timezone: "),
    ],
)
def test_a_plan_that_is_none_is_a_users_mistake(
    campaign: Path, options: list[str], said: str
) -> None:
    done = labelloop("-C", campaign, "serve", *options)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert said in done.err


@contextmanager
def serving(root: Path, *options: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "-C", str(root), "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "LABELLOOP_ROOT": str(root), **environment},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def stopped(process: "subprocess.Popen[str]", how: signal.Signals) -> str:
    process.send_signal(how)
    out, _ = process.communicate(timeout=HANG_SECONDS)
    return out


def wait_for(what: Callable[[], Any], process: "subprocess.Popen[str]") -> Any:
    until = time.monotonic() + HANG_SECONDS
    while not (found := what()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.5)
    return found


def runs(api: str, deployment: str) -> list[dict[str, Any]]:
    wanted = {"deployments": {"name": {"any_": [deployment]}}}
    found: list[dict[str, Any]] = ask(api, "/flow_runs/filter", **wanted)
    return found


def said(api: str, campaign: str) -> set[str]:
    wanted = {"resource": {"id": [f"labelloop.campaign.{campaign}"]}}
    found = ask(api, "/events/filter", filter=wanted)
    return {event["event"].removeprefix("labelloop.") for event in found["events"]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@integration
@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_rounds_and_looks_have_a_schedule_each_and_nothing_is_left(
    campaign: Path, api: str, how: signal.Signals, tmp_path: Path
) -> None:
    root = campaign.rename(tmp_path / f"trees-{how.name.lower()}")
    name = root.name
    change_params(root, {"campaign": {"name": name}, "stop": {"max_rounds": {"rounds": 1}}})
    with serving(root, "--every", "4", "--rounds-every", "7", PREFECT_API_URL=api) as process:
        wait_for(lambda: said(api, name) >= SAID, process)
        assert state.state(LocalLedger(root / "ledger").entries()) == "stopped"
        out = stopped(process, how)
    assert "Traceback" not in out
    assert processes(root) == []
    opened, looked = (runs(api, f"{root.name}-{what}") for what in ("rounds", "looks"))
    assert {run["parameters"]["busy"] for run in opened} == {"wait"}
    assert {run["parameters"]["opens"] for run in looked} == {False}
    assert {"Failed", "Crashed"}.isdisjoint(run["state"]["name"] for run in looked + opened)
    (progress,) = ask(api, "/artifacts/latest/filter", artifacts={"key": {"like_": f"%{name}%"}})
    assert (progress["key"], progress["data"]) == (f"labelloop-{name}-round-0000", 100.0)
    # A server that goes on begins nothing for a schedule that nobody serves.
    (one, two) = ask(api, "/deployments/filter", deployments={"name": {"like_": root.name}})
    assert one["paused"]
    assert two["paused"]


@integration
def test_a_webhook_leads_to_a_look_at_once(campaign: Path, api: str) -> None:
    address, body = f"127.0.0.1:{free_port()}", b'{"batch": "trees-0000"}'
    at = int(time.time())
    signature = hmac.digest(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()
    options = ("--every", "86400", "--webhooks", address)
    hooks = {"LABELLOOP_WEBHOOK_SECRET": SECRET, "PREFECT_API_URL": api}
    with serving(campaign, *options, **hooks) as process:
        url = f"http://{address}"
        wait_for(lambda: answers(f"{url}/health"), process)
        named = {"deployments": {"name": {"any_": ["trees-looks"]}}}
        wait_for(lambda: ask(api, "/deployments/filter", **named), process)
        before = hints(api)
        for _ in range(20):
            reply = httpx.post(
                f"{url}/webhooks/simulated",
                content=body,
                headers={"X-Signature": f"t={at},v1={signature}"},
                timeout=HANG_SECONDS,
            )
            assert reply.status_code == 202
        assert (
            httpx.post(f"{url}/webhooks/simulated", content=body, timeout=HANG_SECONDS).status_code
            == 401
        )
        wait_for(lambda: hints(api) > before, process)
        ledger = LocalLedger(campaign / "ledger")
        wait_for(lambda: state.is_sent(ledger.entries(), 0), process)
        assert hints(api) - before <= 2
        out = stopped(process, signal.SIGTERM)
    assert SECRET not in out
    assert signature not in out
    assert "Traceback" not in out
    assert processes(campaign) == []


def hints(api: str) -> int:
    return sum(str(run["idempotency_key"]).startswith("hint-") for run in runs(api, "trees-looks"))


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=HANG_SECONDS).is_success
    except httpx.TransportError:
        return False


@integration
def test_a_door_that_cannot_be_opened_is_a_users_mistake(campaign: Path, api: str) -> None:
    done = labelloop("-C", campaign, "serve", "--webhooks", "127.0.0.1:0", PREFECT_API_URL=api)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "LABELLOOP_WEBHOOK_SECRET" in done.err
