"""The same work with label-studio-sdk, as its documentation shows it; runs in its own environment.

Reads orders from standard input, one JSON object a line, and answers each with the seconds it took.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

CONFIG = (
    '<View><Text name="shown_1" value="$text"/><Choices name="label" toName="shown_1">'
    '<Choice value="ash"/><Choice value="birch"/></Choices></View>'
)


def orders(client: Any) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Name what can be ordered."""

    def push(order: dict[str, Any]) -> int:
        project = client.projects.create(
            title="sdk", label_config=CONFIG, maximum_annotations=order["copies"]
        )
        for begin in range(0, order["items"], order["chunk"]):
            numbers = range(begin, min(begin + order["chunk"], order["items"]))
            tasks = [{"data": {"text": f"item {number}", "item_id": number}} for number in numbers]
            client.projects.import_tasks(project.id, request=tasks, return_task_ids=True)
        return int(project.id)

    def poll(order: dict[str, Any]) -> int:
        return int(client.projects.get(order["project"]).num_tasks_with_annotations)

    def pull(order: dict[str, Any]) -> int:
        tasks = client.tasks.list(project=order["project"], fields="all")
        return sum(len(task.annotations) for task in tasks)

    def export(order: dict[str, Any]) -> int:
        tasks = client.projects.exports.as_json(order["project"])
        return sum(len(task["annotations"]) for task in tasks)

    return {"push": push, "poll": poll, "pull": pull, "export": export}


def main() -> None:
    """Work until there are no more orders."""
    began = time.perf_counter()
    from label_studio_sdk import LabelStudio

    known = orders(LabelStudio(base_url=sys.argv[1], api_key=sys.argv[2], timeout=600))
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        began = time.perf_counter()
        result = known[order["do"]](order)
        said = {"seconds": time.perf_counter() - began, "result": result}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
