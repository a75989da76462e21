"""One round, from validation to its tag."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from tasks import pipeline
from tasks.delivery import hooks

Facts = dict[str, Any]
Watch = Callable[[str, Facts], None]


class Call(Protocol):
    """How an action is done: plainly, or as a Prefect task."""

    def __call__(self, action: str, /, **arguments: Any) -> Facts:
        """Do the action of `tasks.actions` of that name."""
        ...


def label_round(call: Call, directory: Path, *, wait: bool, poll_seconds: float) -> Facts:
    """Do all that can be done of the campaign's open round, or of the next.

    Returns
    -------
    dict
        ``round``, ``state`` (closed or awaiting_labels) and, once it is closed, ``stop``.
    """
    number = call("begin", directory=directory)["round"]
    here = {"directory": directory, "round_number": number}
    for name in pipeline.BEFORE_SENDING:
        call("stage", **here, name=name)
    call("deliver", **here)
    if hooks.announced():
        call("subscribe", directory=directory)
    while not call("look", **here)["done"]:
        if not wait:
            call("catch_up", directory=directory)
            return {"round": number, "state": "awaiting_labels"}
        time.sleep(poll_seconds)
    call("stage", **here, name="collect")
    call("settle", **here)
    for name in ("review", "evaluate", "stop"):
        call("stage", **here, name=name)
    call("release", **here)
    closed = call("close", **here)
    call("catch_up", directory=directory)
    return {"round": number, "state": "closed", "stop": closed["stop"]}
