"""A whole campaign whose annotators are people with accounts on a real Label Studio."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from label_studio.label_studio_world import CAMPAIGNER, chosen
from label_studio_server import LabelStudioServer
from support import advance, in_process, items

from tasks import campaign as at
from tasks.audit.verify import audit
from tasks.domain import state
from tasks.ledger.local import LocalLedger
from tasks.versions import git

ROUNDS = 3
PEOPLE = ("ann", "ben")


def ask_label_studio(root: Path, url: str) -> None:
    """Change params.yaml as a person would."""
    path = root / "params.yaml"
    content = yaml.safe_load(path.read_text())
    options = {"url": url, "lag": 5.0}
    content["vendor"] |= {"name": "label_studio", "price": 0.05, "options": options}
    content["collect"] |= {"fallback": None}
    path.write_text(yaml.safe_dump(content))
    git.commit(root, "Ask Label Studio", ["params.yaml"])


def projects(server: LabelStudioServer) -> list[int]:
    """List the newest projects."""
    listed = server.owner.get("/api/projects/", params={"page_size": 100}).json()["results"]
    return [one["id"] for one in listed]


def answer_everything(server: LabelStudioServer, after: int) -> int:
    """Let everybody answer all that waits for them, as the labeling page gives it."""
    truth = dict(items()[["item_id", "label"]].itertuples(index=False))
    given = 0
    for person in map(server.person, PEOPLE):
        for project in (one for one in projects(server) if one > after):
            while (waiting := person.get(f"/api/projects/{project}/next/")).is_success:
                task = waiting.json()
                body = {"result": chosen(truth[task["data"]["item_id"]]), "lead_time": 2.0}
                path = f"/api/tasks/{task['id']}/annotations/"
                person.post(path, json=body).raise_for_status()
                given += 1
    return given


def look(root: Path) -> None:
    """Go on as far as the answers that are there allow."""
    advance(root, wait=False)


def test_a_campaign_asks_people_and_accounts_for_every_answer(
    server: LabelStudioServer, campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", server.token(CAMPAIGNER))
    ask_label_studio(campaign, server.url)
    # Other tests use the server too.
    given, before = 0, max(projects(server), default=0)
    for _ in range(4 * ROUNDS):
        assert in_process(look, campaign) == 0
        if state.stop(LocalLedger(campaign / at.LEDGER).entries()):
            break
        given += answer_everything(server, before)
    assert state.stop(LocalLedger(campaign / at.LEDGER).entries())
    assert audit(campaign).problems == ()
    answers = pd.read_parquet(campaign / at.ANSWERS)
    assert given > 0
    assert len(answers) == given
    labels = pd.read_parquet(campaign / at.LABELS)
    truth = dict(items()[["item_id", "label"]].itertuples(index=False))
    assert all(truth[row.item_id] == row.label for row in labels.itertuples())
    kept = json.dumps([entry.body for entry in LocalLedger(campaign / at.LEDGER).entries()])
    assert server.token(CAMPAIGNER) not in kept
