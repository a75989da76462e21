"""``labelloop serve``: the schedule, as Prefect deployments of this process, and its webhooks."""

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from pydantic import ValidationError
from rich.console import Console

from flows import home, tether
from flows.ending import Terminated
from flows.listening import Door, listening
from flows.server import prefect_api
from flows.turns import Busy
from tasks.domain.errors import ParamsError
from tasks.needs import refuse_untrusted
from tasks.work import look_at, refuse_uncommitted

if TYPE_CHECKING:
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
    from prefect.deployments.runner import RunnerDeployment
    from prefect.runner import Runner

HEARTBEAT_SECONDS = "30"
"""How often a run says that it lives; Prefect allows nothing shorter."""
FIELDS = (5, 6, 7)
"""As many has a plan of cron's; the sixth is for seconds, the seventh for years."""
SEE = "see --help for an example"


@dataclass(frozen=True)
class Plan:
    """When looks and rounds begin.

    Attributes
    ----------
    every : int
        Seconds between looks.
    cron : str or None
        When rounds are opened.
    rounds_every : int or None
        Seconds between rounds, in place of `cron`. With neither, a round is opened by the look
        that finds the one before closed.
    timezone : str
        Of `cron`.
    """

    every: int
    cron: str | None = None
    rounds_every: int | None = None
    timezone: str = "UTC"

    def check(self) -> None:
        """Refuse at once what is seen to be no plan; Prefect looks closer once it has started.

        Raises
        ------
        ParamsError
            Names the option.
        """
        if self.cron is not None:
            if self.rounds_every is not None:
                fix = "give one of them"
                raise ParamsError("goes not with --cron", where="--rounds-every", fix=fix)
            if not self.cron.startswith("@") and len(self.cron.split()) not in FIELDS:
                raise ParamsError(f"{self.cron!r} is no plan", where="--cron", fix=SEE)
        if self.timezone not in available_timezones():
            what = f"{self.timezone!r} is no time zone"
            raise ParamsError(what, where="--timezone", fix=SEE)


def serve(directory: Path, plan: Plan, door: Door | None, console: Console) -> None:
    """Advance a campaign on a schedule, and when webhooks hint at it, until interrupted.

    Two deployments of one flow: *rounds* opens rounds, *looks* only carries an open round on (or
    opens rounds as well, if there is no plan for that). A run waits for the other deployment's, or
    leaves the campaign to it.

    Raises
    ------
    ParamsError
        The plan or the door is none.
    CapabilityMissingError
        There is a door, and the vendor has no webhooks.
    """
    plan.check()
    work = look_at(directory.resolve())
    refuse_uncommitted(work.campaign)
    refuse_untrusted(work.campaign.root, work.params)
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", HEARTBEAT_SECONDS)
    tether.offer()
    root = work.campaign.root
    with (
        prefect_api(home.of(root)) as address,
        listening(work, door, f"campaign/{_name(root, 'looks')}", console),
        suppress(KeyboardInterrupt, Terminated, asyncio.CancelledError),
    ):
        # Prefect takes its settings from the environment as it is when it is first imported.
        runner = _registered(root, plan.every, _opening(plan))
        console.print(f"serving {directory}; Prefect's pages are at {address.removesuffix('/api')}")
        console.print("if they ask for a password: `labelloop prefect` tells it", highlight=False)
        _stay(runner)


def _opening(plan: Plan) -> "list[CronSchedule | IntervalSchedule]":
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule

    if plan.cron is None:
        seconds = plan.rounds_every
        return [IntervalSchedule(interval=timedelta(seconds=seconds))] if seconds else []
    try:
        return [CronSchedule(cron=plan.cron, timezone=plan.timezone)]
    except ValidationError as error:
        problem = error.errors()[0]
        option = f"--{problem['loc'][0]}" if problem["loc"] else "--cron"
        message = problem["msg"].removeprefix("Value error, ")
        raise ParamsError(message, where=option, fix=SEE) from None


def _registered(
    root: Path, every: int, opening: "list[CronSchedule | IntervalSchedule]"
) -> "Runner":
    from prefect.runner import Runner

    looks = {"directory": str(root), "opens": not opening}
    deployments = [_deployment(root, "looks", looks, "leave", interval=every)]
    if opening:
        rounds = {"directory": str(root)}
        deployments.append(_deployment(root, "rounds", rounds, "wait", schedules=opening))
    # Room for a look to find the campaign busy: else looks would pile up behind a long round.
    runner = Runner(limit=2, pause_on_shutdown=True)
    for deployment in deployments:
        runner.add_deployment(deployment)
    return runner


def _stay(runner: "Runner") -> None:
    """Serve until Ctrl-C or SIGTERM; raises `CancelledError` after the latter."""

    async def start() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def end(*_: object) -> None:
            if task and not task.cancelling():
                loop.call_soon_threadsafe(task.cancel)

        # Prefect's own way of ending at once leaves schedules and a traceback behind. And no way
        # that needs SIGINT will do: a shell has its background jobs ignore it.
        runner.handle_sigterm = end  # type: ignore[method-assign]
        await runner.start()

    before = signal.getsignal(signal.SIGTERM)
    try:
        asyncio.run(start())
    finally:
        signal.signal(signal.SIGTERM, before)


def _name(root: Path, what: str) -> str:
    return f"{root.name}-{what}"


def _deployment(
    root: Path, what: str, parameters: dict[str, Any], busy: Busy, **schedule: Any
) -> "RunnerDeployment":
    from prefect.deployments.runner import RunnerDeployment
    from prefect.types.entrypoint import EntrypointType

    from flows.campaign import campaign

    return RunnerDeployment.from_flow(
        campaign,
        name=_name(root, what),
        parameters={**parameters, "busy": busy},
        # The form by file works only from one folder, and makes a second copy of modules.
        entrypoint_type=EntrypointType.MODULE_PATH,
        # No limit of Prefect's beside `turn`: a run that starts slowly loses its slot, and another
        # that then takes it loses it as well.
        **schedule,
    )
