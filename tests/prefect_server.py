"""A Prefect server that tests share, and asking it."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import HANG_SECONDS

from flows.server import started
from flows.surroundings import CLIENTS_PASSWORD, changed

DATABASE = "prefect.db"
MAKE = """
import asyncio
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server; processes that are told its address know its password from here."""
    with (
        started(prepared(tmp_path_factory.mktemp("prefect"))) as server,
        changed({CLIENTS_PASSWORD: server.password}),
    ):
        yield server.address


def prepared(home: Path) -> Path:
    """Give the home of a server the tables that Prefect would take seconds to make there."""
    shutil.copyfile(_empty_database(), home / DATABASE)
    (home / DATABASE).chmod(0o600)
    return home


@cache
def _empty_database() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="prefect-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    said = {"PREFECT_HOME": str(folder), "DO_NOT_TRACK": "1"}
    subprocess.run([sys.executable, "-c", MAKE], env={**os.environ, **said}, check=True)
    return folder / DATABASE


def known() -> httpx.BasicAuth:
    """Give what shows that one knows the password."""
    return httpx.BasicAuth(*os.environ[CLIENTS_PASSWORD].split(":"))


def ask(api: str, path: str, **body: Any) -> Any:
    """Ask as one who knows the password."""
    return (
        httpx.post(f"{api}{path}", json=body, auth=known(), timeout=HANG_SECONDS)
        .raise_for_status()
        .json()
    )
