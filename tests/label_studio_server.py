"""A real Label Studio on loopback.

Its environment is made by `make test-label-studio`. The empty database is made once (half a
minute) and copied for every server, which then starts in a few seconds.
"""

import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
from servers import free_ports

ROOT = Path(__file__).parents[1]
ENVIRONMENT = Path(os.environ.get("LABEL_STUDIO_VENV", ROOT / ".venv-label-studio"))
TEMPLATE = "label_studio.sqlite3"
PATIENCE = 600.0


class LabelStudioServer:
    """One server with an owner and any number of annotators.

    Attributes
    ----------
    owner : httpx.Client
        Speaks to the API as the owner.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._people: dict[str, httpx.Client] = {}
        self._personal: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(template(), self.folder / TEMPLATE)
        command = [ENVIRONMENT / "bin/python", ROOT / "infra/label_studio/start.py"]
        options = ["--data", self.folder, "--port", str(self.port)]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen([*command, *options], stdout=log, stderr=log)
        try:
            self.owner = self._client(self._ready())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for client in (self.owner, *self._people.values()):
            client.close()
        self._stop()

    def person(self, name: str) -> httpx.Client:
        """Give the API as one annotator speaks to it; who is new signs up by the form."""
        if name not in self._people:
            self._people[name] = self._client(self._signed_up(name))
        return self._people[name]

    def renewed(self, name: str) -> None:
        """Make an annotator's token worthless, and use the new one from now on."""
        reply = self.person(name).post("/api/current-user/reset-token/").raise_for_status()
        self._people.pop(name).close()
        self._people[name] = self._client(reply.json()["token"])

    def token(self, name: str) -> str:
        """Give the legacy token of an annotator."""
        return self.person(name).headers["Authorization"].removeprefix("Token ")

    def personal_token(self, name: str) -> str:
        """Give the personal access token of an annotator; nobody may have two."""
        if name not in self._personal:
            made = self.person(name).post("/api/token/").raise_for_status().json()
            self._personal[name] = str(made["token"])
        return self._personal[name]

    def write(self, statement: str, *values: Any) -> None:
        """Write into the server's database."""
        with closing(sqlite3.connect(self.folder / TEMPLATE, timeout=60)) as database, database:
            database.execute(statement, values)

    def _signed_up(self, name: str) -> str:
        invitation = self.owner.get("/api/invite").json()["invite_url"]
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=60) as browser:
            page = browser.get(invitation)
            hidden = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
            form = {"email": f"{name}@labelloop.test", "password": secrets.token_urlsafe(12)}
            if hidden:
                form["csrfmiddlewaretoken"] = hidden[1]
            browser.post(invitation, data=form, headers={"Referer": self.url}).raise_for_status()
            return str(browser.get("/api/current-user/token").raise_for_status().json()["token"])

    def _client(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Token {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)

    def _ready(self) -> str:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                token = json.loads((self.folder / "credentials.json").read_text())["token"]
                headers = {"Authorization": f"Token {token}"}
                if httpx.get(f"{self.url}/api/current-user/whoami", headers=headers).is_success:
                    return str(token)
            except (OSError, ValueError, httpx.HTTPError):
                pass
            if self._process.poll() is not None or time.monotonic() > end:
                log = (self.folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"Label Studio did not start: {log}")
            time.sleep(0.2)

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()


def template() -> Path:
    """Give a database that has tables and nobody in it; make it if it is not there."""
    made = ENVIRONMENT / "template" / TEMPLATE
    if not made.exists():
        with _lock(ENVIRONMENT / "template.lock"):
            if not made.exists():
                _make(made)
    return made


def _make(made: Path) -> None:
    folder = made.parent.with_name(f"template.{os.getpid()}")
    (folder / "home").mkdir(parents=True)
    subprocess.run(
        [ENVIRONMENT / "bin/label-studio", "init", "-q"],
        env=_quiet(folder),
        check=True,
        capture_output=True,
    )
    folder.rename(made.parent)


def _quiet(folder: Path) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_SENTRY_DSN": "",
        "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    }


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
