"""Commands on a stranger's campaign work in another folder than the current one.

Libraries read settings from the folder that the user happens to be in, and that may be the
stranger's: Prefect its ``prefect.toml`` and ``.env``, which can name a program, and matplotlib its
``matplotlibrc``.
"""

import os
import traceback
from pathlib import Path
from typing import Any

from typer import Context
from typer.core import TyperCommand

from tasks.domain.errors import CampaignError, LabelloopError

ELSEWHERE = "/"
"""A folder that is nobody's who writes campaigns."""


class Apart(TyperCommand):
    """A command that leaves the current folder, unless the campaign is the user's own."""

    def invoke(self, ctx: Context) -> Any:  # type: ignore[override]
        """Run the command; what the user named relative to the current folder stays what it is."""
        from tasks import campaign as at
        from tasks.trust import own

        if own.is_own(ctx.obj / at.PRIVATE):
            return super().invoke(ctx)
        ctx.obj = ctx.obj.absolute()
        ctx.params = {
            name: value.absolute() if isinstance(value, Path) else value
            for name, value in ctx.params.items()
        }
        os.chdir(ELSEWHERE)
        self.enter(ctx.obj)
        try:
            return super().invoke(ctx)
        except MemoryError:
            from tasks.trust import limits

            raise limits.out_of_memory(str(ctx.obj)) from None
        except Exception as error:
            from tasks.audit.findings import BROKEN

            if isinstance(error, LabelloopError | OSError) or not isinstance(error, BROKEN):
                raise
            raise _not_understood(error, ctx.obj) from error

    def enter(self, directory: Path) -> None:
        """Do what must be done before a stranger's campaign is opened."""


class Reading(Apart):
    """A command that only reads: a stranger's campaign in a process that may die of it."""

    def enter(self, directory: Path) -> None:
        """Go on in that process."""
        from flows import isolated

        isolated.enter(directory)


def _not_understood(error: Exception, directory: Path) -> CampaignError:
    """Say in one line what a stranger's broken files came to, and where."""
    *_, frame = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frame.filename).name} line {frame.lineno}"
    return CampaignError(
        f"something in it cannot be understood ({type(error).__name__}: {error}; {place})",
        where=str(directory),
        fix="run `labelloop audit`, which compares every file with the ledger",
    )
