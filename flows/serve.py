"""``labelloop serve``: the schedule, as Prefect deployments of this process."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from flows.server import prefect_api
from tasks.work import look_at, refuse_uncommitted

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment


def serve(
    directory: Path, *, every: int, cron: str | None, timezone: str, console: Console
) -> None:
    """Advance a campaign on a schedule until interrupted.

    Two deployments of one flow, one run at a time: *rounds* opens rounds (by `cron`, or together
    with the looks), *looks* only carries an open round on.

    Parameters
    ----------
    every : int
        Seconds between looks.
    cron : str or None
        When rounds are opened; None for whenever the one before is closed.
    """
    work = look_at(directory.resolve())
    refuse_uncommitted(work.campaign)
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    with prefect_api(work.campaign.private / "prefect") as address:
        console.print(f"serving {directory}; Prefect's pages are at {address.removesuffix('/api')}")
        _serve(work.campaign.root, every, cron, timezone)


def _serve(root: Path, every: int, cron: str | None, timezone: str) -> None:
    from prefect import serve as stay
    from prefect.client.schemas.schedules import CronSchedule

    looks = {"directory": str(root), "opens": cron is None}
    deployments = [_deployment(f"{root.name}-looks", looks, interval=every)]
    if cron:
        schedules = [CronSchedule(cron=cron, timezone=timezone)]
        rounds = {"directory": str(root), "rounds": 1}
        deployments.append(_deployment(f"{root.name}-rounds", rounds, schedules=schedules))
    stay(*deployments, limit=1)


def _deployment(name: str, parameters: dict[str, Any], **schedule: Any) -> "RunnerDeployment":
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy as Strategy
    from prefect.deployments.runner import RunnerDeployment
    from prefect.types.entrypoint import EntrypointType

    from flows.campaign import campaign

    return RunnerDeployment.from_flow(
        campaign,
        name=name,
        parameters=parameters,
        # The form by file works only from one folder, and makes a second copy of modules.
        entrypoint_type=EntrypointType.MODULE_PATH,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=Strategy.CANCEL_NEW),
        **schedule,
    )
