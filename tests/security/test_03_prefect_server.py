"""Nobody but this user can use the Prefect server that labelloop starts."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from leftovers import by_id
from prefect_server import prepared
from processes import HANG_SECONDS, ids, labelloop_process, wait_for_end, wait_until
from websockets import Subprotocol
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from flows import guard, home, surroundings
from flows.server import prefect_api
from flows.surroundings import CLIENTS_PASSWORD

pytestmark = pytest.mark.integration

PAGES = re.compile(r"Prefect's pages are at (http://\S+)")
SOCKETS = ("events/in", "events/out", "logs/out", "task_runs/subscriptions/scheduled")
BUSY = 503
FOREIGN = "https://page.example.org"


def run_a_command(address: str, marker: Path, **how: Any) -> None:
    """Have the campaign's next run execute a shell script, as another user's script did."""
    with httpx.Client(base_url=f"{address}/api/", **how, timeout=HANG_SECONDS) as client:

        def ask(method: str, path: str, body: dict[str, Any]) -> Any:
            until = time.monotonic() + HANG_SECONDS
            while (reply := client.request(method, path, json=body)).status_code == BUSY:
                # Its database is written to by others; it says so, and may be asked again.
                assert time.monotonic() < until
                time.sleep(0.2)
            reply.raise_for_status()
            return reply.json() if reply.content else None

        deployment = ask("POST", "deployments/filter", {})[0]
        step = {"prefect.deployments.steps.run_shell_script": {"script": f"touch {marker}"}}
        at = f"deployments/{deployment['id']}"
        ask("PATCH", at, {"pull_steps": [step]})
        ask("POST", f"{at}/create_flow_run", {"state": {"type": "SCHEDULED"}})


def is_registered(api: str, server: home.Server) -> bool:
    auth = httpx.BasicAuth(*server.password.split(":"))
    return bool(
        httpx.post(f"{api}/deployments/filter", json={}, auth=auth, timeout=HANG_SECONDS).json()
    )


def test_a_script_of_another_user_becomes_no_flow_run(campaign: Path, tmp_path: Path) -> None:
    prepared(home.of(campaign))
    log, stranger, own = (tmp_path / name for name in ("log", "stranger", "own"))
    with labelloop_process(campaign, "serve", "--every", "86400", log=log) as serving:
        address = wait_until(lambda: PAGES.search(log.read_text()), serving, log).group(1)
        server = home.read(home.of(campaign))
        wait_until(lambda: is_registered(f"{address}/api", server), serving, log)
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            run_a_command(address, stranger)
        # The same with the password succeeds, so it was nothing else that stopped it.
        run_a_command(address, own, auth=httpx.BasicAuth(*server.password.split(":")))
        wait_until(own.exists, serving, log)
        assert not stranger.exists()
        named = server.password.partition(":")[2]
        assert not [pid for pid in by_id(campaign) if named in command_line(pid)]
    assert named not in log.read_text()
    assert named not in (home.of(campaign) / home.LOG).read_text()


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_who_uses_a_server_that_dies_ends_with_it(campaign: Path, tmp_path: Path) -> None:
    """The port is free then: another user's process would be asked what to run."""
    prepared(home.of(campaign))
    log = tmp_path / "log"
    with labelloop_process(campaign, "serve", "--every", "86400", log=log) as serving:
        wait_until(lambda: PAGES.search(log.read_text()), serving, log)
        others = ids(campaign, "")
        (server,) = ids(home.of(campaign), "flows.hosting")
        os.kill(server, signal.SIGKILL)
        assert serving.wait(HANG_SECONDS) == guard.FAULT
        wait_for_end(others)
    assert log.read_text().endswith(guard.SAID)
    assert "Traceback" not in log.read_text()


EVIL = """
version: 1
formatters:
  evil: {{(): subprocess.call, args: [touch, {marker}]}}
"""


def test_settings_of_the_current_folder_are_not_taken(campaign: Path, tmp_path: Path) -> None:
    here, marker, log = tmp_path / "stranger", tmp_path / "marker", tmp_path / "log"
    here.mkdir()
    (here / "evil.yml").write_text(EVIL.format(marker=marker))
    (here / "prefect.toml").write_text('[logging]\nconfig_path = "evil.yml"\n')
    say = "from prefect.logging.configuration import setup_logging; setup_logging()"
    subprocess.run([sys.executable, "-c", say], cwd=here, capture_output=True)
    assert marker.exists(), "Prefect itself takes them no more: this test is without an attack"
    marker.unlink()
    prepared(home.of(campaign))
    with labelloop_process(campaign, "run", log=log, here=here) as run:
        assert run.wait(HANG_SECONDS) == 0, log.read_text()
    assert not marker.exists()


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic Og==",
        "Basic bGFiZWxsb29wOg==",
        "Basic w6Q6w6Q=",
        "Bearer labelloop",
        "Basic !",
    ],
)
def test_no_word_is_taken_for_the_password(api: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in ("/flow_runs/filter", "//flow_runs/filter", "/health/../flow_runs/filter"):
        reply = httpx.post(f"{api}{path}", json={}, headers=headers, timeout=HANG_SECONDS)
        assert reply.status_code not in range(200, 300)
    assert httpx.get(
        f"{api}/admin/settings", headers=headers, timeout=HANG_SECONDS
    ).status_code in (401, 500)


def test_what_is_open_to_everybody_says_nothing(api: str) -> None:
    assert httpx.get(f"{api}/health", timeout=HANG_SECONDS).json() is True
    pages = httpx.get(f"{api.removesuffix('/api')}/ui-settings", timeout=HANG_SECONDS).json()
    assert pages["auth"] == "BASIC"
    assert pages["api_url"] == api


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("token", [None, "", "wrong", 5])
def test_no_socket_listens_to_who_lacks_the_password(api: str, path: str, token: Any) -> None:
    with pytest.raises((WebSocketException, AssertionError)):
        asyncio.run(shake_hands(f"{api}/{path}", token))


@pytest.mark.parametrize("path", SOCKETS)
def test_every_socket_listens_to_who_has_it(api: str, path: str) -> None:
    asyncio.run(shake_hands(f"{api}/{path}", os.environ[CLIENTS_PASSWORD]))


async def shake_hands(address: str, token: Any) -> None:
    import json

    at = address.replace("http", "ws")
    async with connect(at, subprotocols=[Subprotocol("prefect")], proxy=None) as talk:
        await talk.send(json.dumps({"type": "auth", "token": token}))
        said = json.loads(await talk.recv())
        assert said["type"] == "auth_success"


def test_no_page_from_elsewhere_may_ask(api: str) -> None:
    wanted = {"Origin": FOREIGN, "Access-Control-Request-Method": "POST"}
    asked = httpx.options(f"{api}/flow_runs/filter", headers=wanted)
    assert "access-control-allow-origin" not in asked.headers
    simple = httpx.get(f"{api}/health", headers={"Origin": FOREIGN}, timeout=HANG_SECONDS)
    assert "access-control-allow-origin" not in simple.headers


@pytest.mark.parametrize("name", ["page.example.org", "page.example.org:{port}", "127.0.0.1.x"])
def test_a_name_that_was_made_to_lead_here_is_refused(api: str, name: str) -> None:
    port = urlsplit(api).port
    reply = httpx.get(
        f"{api}/health", headers={"Host": name.format(port=port)}, timeout=HANG_SECONDS
    )
    assert (reply.status_code, reply.text) == (400, "Invalid host header")


def test_the_environment_is_as_before_afterwards(tmp_path: Path) -> None:
    before = dict(os.environ)
    with prefect_api(tmp_path / "home") as address:
        assert os.environ["PREFECT_API_URL"] == address
        first = os.environ[CLIENTS_PASSWORD]
        assert os.environ["NO_PROXY"].endswith("127.0.0.1")
    assert dict(os.environ) == before
    with prefect_api(tmp_path / "home"):
        assert os.environ[CLIENTS_PASSWORD] != first


def test_a_server_of_the_users_own_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(surroundings.URL, "https://prefect.example.org/api")
    monkeypatch.setenv(CLIENTS_PASSWORD, "me:mine")
    with prefect_api(tmp_path / "home") as address:
        assert address == "https://prefect.example.org/api"
        assert os.environ[CLIENTS_PASSWORD] == "me:mine"
    assert not (tmp_path / "home").exists()
