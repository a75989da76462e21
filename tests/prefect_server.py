"""A Prefect server that tests share, and asking it."""

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from flows.server import started
from flows.surroundings import CLIENTS_PASSWORD, changed


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server; processes that are told its address know its password from here."""
    with (
        started(tmp_path_factory.mktemp("prefect")) as server,
        changed({CLIENTS_PASSWORD: server.password}),
    ):
        yield server.address


def known() -> httpx.BasicAuth:
    """Give what shows that one knows the password."""
    return httpx.BasicAuth(*os.environ[CLIENTS_PASSWORD].split(":"))


def ask(api: str, path: str, **body: Any) -> Any:
    """Ask as one who knows the password."""
    return httpx.post(f"{api}{path}", json=body, auth=known()).raise_for_status().json()
