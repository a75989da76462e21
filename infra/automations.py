"""Bring automations.yaml to the Prefect server of PREFECT_API_URL; as often as you like."""

import argparse
from pathlib import Path
from typing import Any

import yaml
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import AutomationCore

FILE = Path(__file__).with_suffix(".yaml")
BODY = """{{{{ event.resource.name if event else '' }}}}: {description}
{{{{ event.event if event else '' }}}} {{{{ event.payload if event else '' }}}}"""


def main() -> None:
    """Create what is missing and update what is there, by name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument(
        "--notify", metavar="TYPE/NAME", help="a notification block, such as slack-webhook/ops"
    )
    given = parser.parse_args()
    with get_client(sync_client=True) as client:
        block = _block(client, given.notify) if given.notify else None
        for wanted in yaml.safe_load(given.file.read_text())["automations"]:
            done = _apply(client, _notifying(wanted, block) if block else wanted)
            print(f"{done}: {wanted['name']}")


def _apply(client: SyncPrefectClient, wanted: dict[str, Any]) -> str:
    automation = AutomationCore.model_validate(wanted)
    found = client.read_automations_by_name(automation.name)
    if not found:
        client.create_automation(automation)
        return "created"
    client.update_automation(found[0].id, automation)
    return "updated"


def _block(client: SyncPrefectClient, name: str) -> str:
    kind, _, own = name.partition("/")
    return str(client.read_block_document_by_name(own, kind).id)


def _notifying(wanted: dict[str, Any], block: str) -> dict[str, Any]:
    notify = {
        "type": "send-notification",
        "block_document_id": block,
        "subject": wanted["name"],
        "body": BODY.format(description=wanted["description"]),
    }
    actions = [notify if one["type"] == "do-nothing" else one for one in wanted["actions"]]
    return {**wanted, "actions": actions}


if __name__ == "__main__":
    main()
