"""Commands on a stranger's campaign work in another folder than the current one.

Libraries read settings from the folder that the user happens to be in, and that may be the
stranger's: Prefect its ``prefect.toml`` and ``.env``, which can name a program, and matplotlib its
``matplotlibrc``.
"""

import os
from pathlib import Path
from typing import Any

from typer import Context
from typer.core import TyperCommand

from tasks import campaign as at
from tasks.trust import own

ELSEWHERE = "/"
"""A folder that is nobody's who writes campaigns."""


class Apart(TyperCommand):
    """A command that leaves the current folder, unless the campaign is the user's own."""

    def invoke(self, ctx: Context) -> Any:  # type: ignore[override]
        """Run the command; what the user named relative to the current folder stays what it is."""
        if not own.is_own(ctx.obj / at.PRIVATE):
            ctx.obj = ctx.obj.absolute()
            ctx.params = {
                name: value.absolute() if isinstance(value, Path) else value
                for name, value in ctx.params.items()
            }
            os.chdir(ELSEWHERE)
        return super().invoke(ctx)
