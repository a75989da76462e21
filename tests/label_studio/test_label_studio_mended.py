"""What an administrator of a real Label Studio may do to a campaign, and how it goes on."""

import json
import os
from pathlib import Path

import pytest
from faults import Proxy
from label_studio.label_studio_world import CAMPAIGNER
from label_studio.test_label_studio_campaign import answer_everything, ask_label_studio, projects
from label_studio_server import LabelStudioServer
from support import change_params, labelloop

from flows.listening import Door, listening
from tasks import actions
from tasks import campaign as at
from tasks.delivery import legs
from tasks.ledger.local import LocalLedger
from tasks.work import look_at

SECRET = "a-secret-that-nobody-guesses"
RUN = ("run", "--no-prefect")


@pytest.fixture
def asked(
    server: LabelStudioServer, proxy: Proxy, campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, int]:
    """Give a campaign whose first batch is at Label Studio, and its project."""
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", server.token(CAMPAIGNER))
    ask_label_studio(campaign, proxy.url)
    options = {"options": {"lag": 0.0, "pause": 0.0}}
    change_params(campaign, {"vendor": options, "stop": {"max_rounds": {"rounds": 1}}})
    assert labelloop("-C", campaign, *RUN).code == 0
    return campaign, project_of(campaign)


def project_of(root: Path) -> int:
    number: int = legs.made(LocalLedger(root / at.LEDGER).entries())[-1].reference["project"]
    return number


def finish(server: LabelStudioServer, root: Path, project: int) -> None:
    answer_everything(server, project - 1)
    for _ in range(3):
        done = labelloop("-C", root, *RUN)
        assert done.code == 0, done
    assert "stop rule max_rounds" in done.out


def test_a_deleted_project_is_asked_for_anew(
    server: LabelStudioServer, asked: tuple[Path, int]
) -> None:
    root, project = asked
    task = server.person("ann").get(f"/api/projects/{project}/next/").json()["id"]
    assert task
    server.owner.delete(f"/api/projects/{project}/").raise_for_status()
    done = labelloop("-C", root, *RUN)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert f"project {project} of batch trees/trees-0000 was deleted" in done.err
    assert "labelloop resend" in done.err
    assert labelloop("-C", root, "resend").code == 0
    assert labelloop("-C", root, *RUN).code == 0
    again = project_of(root)
    assert again in projects(server)
    titles = [one["title"] for one in server.owner.get("/api/projects/").json()["results"]]
    assert titles.count("trees-0000-3") == 1
    finish(server, root, again)
    found = json.loads(labelloop("-C", root, "audit", "--json").out)
    assert found["problems"] == []
    server.owner.delete(f"/api/projects/{again}/").raise_for_status()


def test_an_outage_is_outlasted_and_a_refused_token_is_not(
    proxy: Proxy, asked: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = asked
    with proxy.down():
        done = labelloop("-C", root, *RUN)
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", "0" * 40)
    done = labelloop("-C", root, *RUN, "--wait")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "token" in done.err


def test_a_deleted_task_may_stand(server: LabelStudioServer, asked: tuple[Path, int]) -> None:
    root, project = asked
    finish(server, root, project)
    params = {"project": project, "page_size": 3}
    tasks = server.owner.get("/api/tasks/", params=params).json()["tasks"]
    for task in tasks:
        server.owner.delete(f"/api/tasks/{task['id']}/").raise_for_status()
    audited = labelloop("-C", root, "audit", "--json")
    found = json.loads(audited.out)
    assert (audited.code, len(found["problems"])) == (1, 3)
    ids = [one["id"] for one in found["problems"]]
    assert labelloop("-C", root, "acknowledge", *ids, "--reason", "Cleaned up").code == 0
    audited = labelloop("-C", root, "audit", "--json")
    assert (audited.code, json.loads(audited.out)["problems"]) == (0, [])


def test_serve_registers_its_webhook_and_removes_it(
    server: LabelStudioServer, asked: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    root, project = asked
    monkeypatch.setenv("LABELLOOP_WEBHOOK_SECRET", SECRET)
    door = Door("127.0.0.1:0", "LABELLOOP_WEBHOOK_SECRET", url="http://127.0.0.1:9/hook")
    for _ in range(2):
        with listening(look_at(root), door, "campaign/none", Console(quiet=True)):
            # What a look in a process of its own does, as often as it likes.
            assert actions.subscribe(root) == {"missed": []}
            (hook,) = hooks_of(server, project)
            assert hook["url"] == "http://127.0.0.1:9/hook"
            assert hook["headers"] == {"X-Webhook-Token": SECRET}
            assert not hook["send_payload"]
        assert hooks_of(server, project) == []
        assert "LABELLOOP_WEBHOOK_URL" not in os.environ
    kept = [*(root / at.LEDGER).iterdir(), *(root / ".labelloop").rglob("*")]
    assert not [path for path in kept if path.is_file() and SECRET.encode() in path.read_bytes()]


def hooks_of(server: LabelStudioServer, project: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = server.owner.get(
        "/api/webhooks/", params={"project": project}
    ).json()
    return found
