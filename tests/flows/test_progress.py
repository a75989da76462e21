"""What a real Prefect server is told: progress, events, secrets' blocks, automations."""

import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from prefect_server import ask, known
from processes import HANG_SECONDS
from support import alone

from flows import progress, secrets
from flows.round import Watch
from flows.surroundings import CLIENTS_PASSWORD
from tasks.domain.errors import TransientError

pytestmark = pytest.mark.integration

INFRA = Path(__file__).parents[2] / "infra"


@pytest.fixture(scope="module", autouse=True)
def told(api: str) -> Iterator[None]:
    with told_to(api):
        yield


@contextmanager
def told_to(address: str) -> Iterator[None]:
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    password = os.environ[CLIENTS_PASSWORD]
    with temporary_settings({PREFECT_API_URL: address, PREFECT_API_AUTH_STRING: password}):
        yield


def events(api: str, prefix: str, resource: str) -> list[dict[str, Any]]:
    chosen = {"event": {"prefix": [prefix]}, "resource": {"id": [resource]}, "order": "ASC"}
    found: list[dict[str, Any]] = ask(api, "/events/filter", filter=chosen)["events"]
    return found


def wait_for(what: Any) -> Any:
    until = time.monotonic() + HANG_SECONDS
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(0.2)
    return found


def artifact(api: str, key: str) -> dict[str, Any]:
    found = (
        httpx.get(f"{api}/artifacts/{key}/latest", auth=known(), timeout=HANG_SECONDS)
        .raise_for_status()
        .json()
    )
    assert isinstance(found, dict)
    return found


def look(number: int, answered: int, **more: Any) -> dict[str, Any]:
    facts = {"state": "done", "round_number": number, "answered": answered, "expected": 12}
    return {**facts, "done": answered == 12, **more}


def telling_in_a_flow(campaign: Path) -> Watch:
    from prefect import flow

    told = progress.telling(campaign)
    return lambda step, facts: flow(lambda: told(step, facts), name="telling")()


@alone
def test_a_rounds_progress_is_one_artifact_that_grows(api: str, campaign: Path) -> None:
    from prefect.events.worker import EventsWorker

    told = telling_in_a_flow(campaign)
    for answered, more in ((0, {}), (3, {}), (3, {"reminder": True}), (12, {"gone": 0})):
        told("look", look(4, answered, **more))
    key = progress.key("trees", 4)
    found = artifact(api, key)
    assert (key, found["type"]) == ("labelloop-trees-round-0004", "progress")
    assert (found["data"], found["description"]) == (100.0, "12 of 12 answers are in")
    chosen = {"artifacts": {"key": {"any_": [key]}}}
    assert len(ask(api, "/artifacts/filter", **chosen)) == 1
    stop = {"rule": "max_rounds", "reason": "3 rounds"}
    told("close", {"state": "done", "round_number": 4, "tag": "round-0004", "stop": stop})
    # The round that another run has closed is told of by that one.
    told("close", {"state": "done", "round_number": 4, "stop": stop})
    EventsWorker.drain_all()
    names = ["labels.awaited", "labels.arrived", "labels.late", "labels.arrived"]
    names = [f"labelloop.{name}" for name in (*names, "round.closed", "campaign.stopped")]
    resource = "labelloop.campaign.trees"
    found = wait_for(lambda: len(seen := events(api, "labelloop.", resource)) >= 6 and seen)
    assert [event["event"] for event in found] == names
    assert found[-1]["payload"] == {"round_number": 4, "tag": "round-0004", "stop": stop}


@alone
def test_what_prefect_cannot_be_told_harms_no_look(campaign: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    with told_to("http://127.0.0.1:9/api"):
        progress.telling(campaign, lambda step, _: heard.append(step))("look", look(0, 1))
        progress.telling(tmp_path)("look", look(0, 1))
    assert heard == ["look"]


@pytest.mark.parametrize("name", ["Trees", "trees.v2_x", "a" * 60])
def test_a_key_has_what_prefect_takes(name: str) -> None:
    assert re.fullmatch("[a-z0-9-]+", progress.key(name, 12))


@alone
def test_a_secret_may_be_a_block(api: str) -> None:
    from prefect.blocks.system import Secret

    Secret(value="from-the-block").save("some-vendor-token", _sync=True)  # type: ignore[call-arg]
    assert secrets.from_block("SOME_VENDOR_TOKEN") == "from-the-block"
    assert secrets.from_block("ANOTHER_TOKEN") is None


@alone
def test_a_prefect_that_is_down_is_not_an_absent_secret() -> None:
    with told_to("http://127.0.0.1:9/api"), pytest.raises(TransientError, match="some-token"):
        secrets.from_block("SOME_TOKEN")


@alone
def test_without_prefect_nobody_is_asked() -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert secrets.from_block("SOME_TOKEN") is None


def run(api: str, *command: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PREFECT_API_URL": api},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def automations(api: str) -> dict[str, dict[str, Any]]:
    found = ask(api, "/automations/filter")
    assert len({one["name"] for one in found}) == len(found)
    return {one["name"]: one for one in found}


@pytest.fixture
def no_automations(api: str) -> None:
    for one in automations(api).values():
        httpx.delete(
            f"{api}/automations/{one['id']}", auth=known(), timeout=HANG_SECONDS
        ).raise_for_status()


@pytest.mark.usefixtures("no_automations")
def test_the_file_is_what_prefects_own_command_takes(api: str) -> None:
    wanted = yaml.safe_load((INFRA / "automations.yaml").read_text())["automations"]
    run(api, "-m", "prefect", "automation", "create", "--from-file", INFRA / "automations.yaml")
    found = automations(api)
    assert sorted(found) == sorted(one["name"] for one in wanted)
    for one in wanted:
        there = found[one["name"]]
        assert there["enabled"]
        for field in ("expect", "after", "for_each"):
            assert set(there["trigger"][field]) == set(one["trigger"].get(field, []))
        assert there["trigger"]["within"] == one["trigger"].get("within", 0)
        assert [did["type"] for did in there["actions"]] == [a["type"] for a in one["actions"]]


@pytest.mark.usefixtures("no_automations")
def test_applying_twice_makes_no_doubles_and_notifies(api: str) -> None:
    block = "from prefect.blocks.notifications import SlackWebhook as Block\n"
    run(api, "-c", block + "Block(url='https://127.0.0.1:9/hook').save('ops')")
    assert run(api, INFRA / "automations.py").count("created: ") == 7
    assert run(api, INFRA / "automations.py", "--notify", "slack-webhook/ops").count("updated") == 7
    found = automations(api)
    types = [action["type"] for one in found.values() for action in one["actions"]]
    assert sorted(types) == ["change-flow-run-state", *["send-notification"] * 6]


@pytest.mark.usefixtures("no_automations")
def test_a_run_that_is_dead_is_marked_crashed(api: str, tmp_path: Path) -> None:
    content = yaml.safe_load((INFRA / "automations.yaml").read_text())
    (dead,) = [one for one in content["automations"] if one["name"].endswith("a run is dead")]
    dead["trigger"]["within"] = 10
    file = tmp_path / "automations.yaml"
    file.write_text(yaml.safe_dump({"automations": [dead]}))
    run(api, INFRA / "automations.py", "--file", file)
    flow = ask(api, "/flows/", name="campaign")["id"]
    states = {"dead": "RUNNING", "awaiting": "RUNNING"}
    runs = {}
    for name, state in states.items():
        runs[name] = ask(api, "/flow_runs/", flow_id=flow, state={"type": state})["id"]
    heartbeat(api, runs["awaiting"], flow)
    ended = {"type": "COMPLETED", "name": "AwaitingLabels"}
    ask(api, f"/flow_runs/{runs['awaiting']}/set_state", state=ended)

    def state_of(name: str) -> str:
        return str(
            httpx.get(f"{api}/flow_runs/{runs[name]}", auth=known(), timeout=HANG_SECONDS).json()[
                "state"
            ]["name"]
        )

    beaten = -math.inf

    def is_told() -> bool:
        # The server reads its automations now and then, and must have done so before a heartbeat.
        nonlocal beaten
        if time.monotonic() > beaten + 30:
            heartbeat(api, runs["dead"], flow)
            beaten = time.monotonic()
        return state_of("dead") == "Crashed"

    wait_for(is_told)
    time.sleep(3)
    assert state_of("awaiting") == "AwaitingLabels"


def heartbeat(api: str, run_id: str, flow: str) -> None:
    """Send what a run sends every thirty seconds."""
    from prefect.types import DateTime

    event = {
        "id": str(uuid4()),
        "occurred": DateTime.now("UTC").isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run_id}"},
        "related": [
            {
                "prefect.resource.id": f"prefect.flow.{flow}",
                "prefect.resource.role": "flow",
                "prefect.resource.name": "campaign",
            }
        ],
    }
    httpx.post(f"{api}/events", json=[event], auth=known(), timeout=HANG_SECONDS).raise_for_status()
