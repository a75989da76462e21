"""``labelloop serve``: the schedule, as Prefect deployments of this process."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from rich.console import Console

from flows.server import prefect_api
from tasks.domain.errors import ParamsError
from tasks.work import look_at, refuse_uncommitted

if TYPE_CHECKING:
    from prefect.client.schemas.schedules import CronSchedule
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
    schedules = [_schedule(cron, timezone)] if cron else []
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    with prefect_api(work.campaign.private / "prefect") as address:
        console.print(f"serving {directory}; Prefect's pages are at {address.removesuffix('/api')}")
        _serve(work.campaign.root, every, schedules)


def _schedule(cron: str, timezone: str) -> "CronSchedule":
    from prefect.client.schemas.schedules import CronSchedule

    try:
        return CronSchedule(cron=cron, timezone=timezone)
    except ValidationError as error:
        problem = error.errors()[0]
        option = f"--{problem['loc'][0]}" if problem["loc"] else "--cron"
        message = problem["msg"].removeprefix("Value error, ")
        raise ParamsError(message, where=option, fix="see --help for an example") from None


def _serve(root: Path, every: int, schedules: "list[CronSchedule]") -> None:
    from prefect import serve as stay

    looks = {"directory": str(root), "opens": not schedules}
    deployments = [_deployment(f"{root.name}-looks", looks, interval=every)]
    if schedules:
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
