"""A vendor that is away for a while: waiting for it, and saying so once.

A fault that passes (`PASSING`) is waited for, also one of a vendor that cannot be reached at all. A
mistake that a person has to mend, such as a refused token, is a `UserError` and ends a run at once.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.round import Call, Facts, Watch
from tasks.delivery import deadlines
from tasks.domain.errors import (
    LabelloopError,
    OutcomeUnknownError,
    ThrottledError,
    TransientError,
)
from tasks.domain.files import opener
from tasks.work import look_at

PASSING = (TransientError, ThrottledError, OutcomeUnknownError)
"""Faults after which the same action may be done again; it looks what is there before it sends."""
LONGEST = 600.0
"""The most seconds between two attempts, unless `collect.poll_seconds` is more."""

Sleep = Callable[[float], None]


def enduring(
    call: Call,
    directory: Path,
    watch: Watch | None,
    *,
    poll_seconds: float,
    sleep: Sleep = time.sleep,
) -> Call:
    """Do actions as `call` does, and again for as long as their vendor is away.

    Parameters
    ----------
    watch : callable or None
        Told once that a vendor is ``away``, and once that it is ``back``.
    poll_seconds : float
        Seconds before the second attempt; each later one waits twice as long, up to `LONGEST`.

    Raises
    ------
    VendorError
        From the call, when the deadline of the open round has passed meanwhile.
    """

    def patient(action: str, /, **arguments: Any) -> Facts:
        failed = 0
        while True:
            try:
                facts = call(action, **arguments)
            except PASSING as error:
                if is_overdue(directory, datetime.now(UTC)):
                    raise
                if not failed:
                    _tell(watch, "away", error=line(error))
                sleep(pause(poll_seconds, failed, error))
                failed += 1
                continue
            if failed:
                _tell(watch, "back", attempts=failed)
            return facts

    return patient


def pause(poll_seconds: float, failed: int, error: LabelloopError) -> float:
    """Say how many seconds to wait after a failure, when `failed` others came before it."""
    longest = max(LONGEST, poll_seconds)
    asked = (error.retry_after if isinstance(error, ThrottledError) else None) or 0.0
    # Beyond 30 doublings nothing grows any more.
    return min(max(poll_seconds * 2.0 ** min(failed, 30), asked), longest)


def is_overdue(directory: Path, now: datetime) -> bool:
    """Whether the open round's answers are waited for no longer, by the clock of this machine."""
    work = look_at(directory)
    return deadlines.is_over(work.ledger.entries(), work.params, now)


def line(error: LabelloopError) -> str:
    """Say what is amiss, without what a person might do about it."""
    return f"{error.where}: {error.what}" if error.where else error.what


class Noted:
    """An outage that several processes in turn live through, such as the looks of `serve`.

    Parameters
    ----------
    path : Path
        A file of this machine's that is there while the outage lasts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, error: LabelloopError) -> bool:
        """Note an outage; say whether it is new."""
        try:
            with open(self._path, "x", encoding="utf-8", opener=opener) as file:
                file.write(f"{line(error)}\n")
        except FileExistsError:
            return False
        return True

    def end(self) -> bool:
        """Note that the vendor answers; say whether it did not before."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True


def _tell(watch: Watch | None, step: str, **facts: Any) -> None:
    if watch:
        watch(step, {"state": "done", **facts})
