"""How much a process may take that works with a stranger's data."""

import os
import re
import resource
from dataclasses import dataclass
from pathlib import Path

from tasks.domain.errors import DataError, ParamsError

SECONDS, SECONDS_VARIABLE = 600, "LABELLOOP_CONFINED_SECONDS"
"""For one stage, or one file of predictions."""
GIB, GIB_VARIABLE = 4, "LABELLOOP_CONFINED_GIB"
"""Of memory, beside what a process has at first; a stage of ordinary size takes less than one."""
FILE_GIB = 16
"""Of one file that it writes."""


@dataclass(frozen=True)
class Limits:
    """What a confined process may take.

    Attributes
    ----------
    seconds : int
        For one call.
    gib : int
        Of memory, in GiB.
    """

    seconds: int
    gib: int

    def enforce(self) -> None:
        """Hold this process to the memory, beside what it has already, for good."""
        most = _data() + (self.gib << 30)
        # Not RLIMIT_AS: threads set addresses aside that they never use.
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_GIB << 30, FILE_GIB << 30))
        # What a stranger's data was doing in memory is not left on the disk.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def begin(self) -> None:
        """Hold this process to the time from now on, should nobody be there to end it."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime) + self.seconds * (os.cpu_count() or 1) + 1
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = allowed if hard == resource.RLIM_INFINITY else min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _data() -> int:
    """Say how many bytes this process has that `RLIMIT_DATA` counts; 0 where nobody tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def given() -> Limits:
    """Give the limits, by the environment if it says any; raises `ParamsError`."""
    return Limits(_number(SECONDS_VARIABLE, SECONDS), _number(GIB_VARIABLE, GIB))


def out_of_memory(where: str) -> DataError:
    """Say that work with a stranger's data took more memory than it may."""
    what = f"needed more than {given().gib} GiB of memory"
    return DataError(what, where=where, fix=f"{GIB_VARIABLE} allows more")


def _number(variable: str, usual: int) -> int:
    text = os.environ.get(variable, str(usual))
    if not (re.fullmatch("[0-9]{1,6}", text) and int(text)):
        raise ParamsError("is no whole number above 0", where=variable, fix="mend it, or unset it")
    return int(text)
