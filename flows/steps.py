"""Actions as Prefect tasks: name, retries, timeout; nothing else."""

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from flows.calls import function, watched
from flows.round import Call, Facts, Watch
from tasks.domain.errors import UserError

RETRIES = {"deliver": 3, "subscribe": 1, "look": 3, "settle": 3, "release": 3, "catch_up": 1}
"""How often an action that speaks with others is tried again; the ledger makes that safe."""
DELAYS = [1.0, 5.0, 25.0]
TIMEOUT = 24 * 3600


def as_tasks(watch: Watch | None = None) -> Call:
    """Do actions as tasks of the flow that is running."""
    return watched(lambda action, arguments: _task(action, arguments)(**arguments), watch)


def _task(action: str, arguments: Facts) -> "Task[..., Facts]":
    return Task(
        function(action),
        name=arguments.get("name", action),
        # The default policy hashes the task's source: an edit would send a batch again.
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=RETRIES.get(action, 0),
        retry_delay_seconds=DELAYS,
        retry_condition_fn=_is_passing,
        timeout_seconds=TIMEOUT,
    )


def _is_passing(_task: Any, _run: TaskRun, ended: State[Any]) -> bool:
    return not isinstance(ended.result(raise_on_failure=False), UserError)
