"""``labelloop prefect``: Prefect's pages of a campaign's runs, for as long as somebody looks."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from flows import home, surroundings
from flows.ending import Terminated
from flows.server import started
from tasks.campaign import find
from tasks.domain.errors import CampaignError


def show(directory: Path, console: Console) -> None:
    """Tell where the pages are and how to log in, and keep the server until interrupted.

    Raises
    ------
    CampaignError
        A server of the user's own is configured, which has the record.
    """
    root = find(directory).root
    if configured := os.environ.get(surroundings.URL):
        fix = "open its pages, or unset PREFECT_API_URL"
        raise CampaignError("a Prefect server of your own is used", where=configured, fix=fix)
    with started(home.of(root)) as server, suppress(KeyboardInterrupt, Terminated):
        console.print(f"Prefect's pages: {server.pages}", highlight=False)
        console.print(f"password: {server.password}", markup=False, highlight=False)
        console.print("until Ctrl-C", highlight=False)
        signal.pause()
