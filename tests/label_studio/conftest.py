"""One real server for all these tests, and a world on it for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import Proxy
from label_studio_server import LabelStudioServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """Give a server that all tests of this process share."""
    with LabelStudioServer(tmp_path_factory.mktemp("label-studio")) as server:
        yield server


@pytest.fixture
def proxy(server: LabelStudioServer) -> Iterator[Proxy]:
    """Give a wire to it that can be told to go wrong."""
    with Proxy("127.0.0.1", server.port) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget after each test what a world puts into the environment."""
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", "none")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give the vendor's folder of a campaign."""
    return tmp_path
