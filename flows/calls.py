"""How actions are done when Prefect is not asked, and how others are told of them."""

from collections.abc import Callable
from typing import Any

from flows.round import Call, Facts, Watch
from tasks import actions


def plainly(watch: Watch | None = None) -> Call:
    """Do actions in this process, without Prefect and without its record."""
    return watched(lambda action, arguments: function(action)(**arguments), watch)


def function(action: str) -> Callable[..., Facts]:
    """Find an action by its name."""
    found: Callable[..., Facts] = getattr(actions, action)
    return found


def watched(do: Callable[[str, Facts], Facts], watch: Watch | None) -> Call:
    """Tell `watch` of every action that begins and ends."""

    def call(action: str, /, **arguments: Any) -> Facts:
        step = arguments.get("name", action)
        if watch:
            watch(step, {"state": "running", **arguments})
        facts = do(action, arguments)
        if watch:
            watch(step, {"state": "done", **arguments, **facts})
        return facts

    return call
