"""What tells Prefect, here and in what it starts, how to be used: variables, the current folder.

Secrets go this way because only processes of this user can read one another's environment, while
everybody can read their command lines.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path

from flows.home import HOST, Server
from tasks.trust import machine

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
URL, CLIENTS_PASSWORD, SERVERS_PASSWORD = (
    "PREFECT_API_URL",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_SERVER_API_AUTH_STRING",
)
NO_PROXY = ("NO_PROXY", "no_proxy")


@contextmanager
def changed(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process for a block, and have them as before after it."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def left() -> Iterator[None]:
    """Leave the current folder for this user's own for a block, where only labelloop writes."""
    state = machine.state()
    with changed({machine.VARIABLE: str(state)}), chdir(state):
        yield


def quiet() -> dict[str, str]:
    """Have Prefect say nothing and tell nobody, where the user has not said otherwise."""
    return {name: os.environ.get(name, value) for name, value in QUIET.items()}


def of_client(home: Path, server: Server) -> dict[str, str]:
    """Tell a client, and the processes that it starts, which server to use and how.

    Parameters
    ----------
    home : Path
        Where the client keeps its own settings and results.
    server : Server
    """
    used = {URL: server.address, CLIENTS_PASSWORD: server.password, "PREFECT_HOME": str(home)}
    return {**quiet(), **used, **_directly(HOST)}


def of_server(home: Path, server: Server) -> dict[str, str]:
    """Tell a server where it is and who may use it: who has the password, and no foreign page."""
    return {
        **quiet(),
        SERVERS_PASSWORD: server.password,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(server.port),
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": server.pages,
        "PREFECT_SERVER_UI_API_URL": server.address,
    }


def _directly(host: str) -> dict[str, str]:
    """Have requests to a host go through no proxy, which would read the password in them."""
    given = {name: os.environ.get(name, "") for name in NO_PROXY}
    return {name: f"{value},{host}".lstrip(",") for name, value in given.items()}
