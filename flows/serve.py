"""``labelloop serve``: the schedule, as Prefect deployments of this process."""

import os
from pathlib import Path

from rich.console import Console

from flows.server import prefect_api
from tasks import actions


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
    work = actions.look_at(directory.resolve())
    actions.refuse_uncommitted(work.campaign)
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    with prefect_api(work.campaign.private / "prefect") as address:
        console.print(f"serving {directory}; Prefect's pages are at {address.removesuffix('/api')}")
        _serve(work.campaign.root, every, cron, timezone)


def _serve(root: Path, every: int, cron: str | None, timezone: str) -> None:
    from prefect import serve as stay
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.deployments.runner import EntrypointType

    from flows.campaign import campaign

    one = ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW")
    module = EntrypointType.MODULE_PATH
    common = {"entrypoint_type": module, "concurrency_limit": one}
    looks = campaign.to_deployment(
        name=f"{root.name}-looks",
        interval=every,
        parameters={"directory": str(root), "rounds": None, "opens": cron is None},
        **common,
    )
    deployments = [looks]
    if cron:
        schedule = CronSchedule(cron=cron, timezone=timezone)
        parameters = {"directory": str(root), "rounds": 1}
        rounds = campaign.to_deployment(
            name=f"{root.name}-rounds", schedules=[schedule], parameters=parameters, **common
        )
        deployments.append(rounds)
    stay(*deployments, limit=1)
