"""A real S3 server on loopback.

Any test that takes the fixture `s3` gets a `S3Server` that all tests of the process share and that
starts with the first of them (4 s); `s3_bucket` gives the name of a fresh bucket of it and sets the
AWS variables of the environment, so that boto3 finds the server by itself. tests/conftest.py offers
both to every test. A test that wants to kill or restart a server starts its own::

    with S3Server(tmp_path) as server:
        server.kill()
        server.start()
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

OPTIONS = Path(__file__).parents[1] / "infra" / "s3.options"
PATIENCE = 600.0
SERVICES = ("s3", "master", "volume", "filer")


@dataclass(frozen=True)
class Identity:
    """Who speaks to the server; its signatures are checked."""

    name: str
    actions: tuple[str, ...]
    access_key: str
    secret_key: str

    def to_config(self) -> dict[str, Any]:
        credentials = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        return {"name": self.name, "credentials": credentials, "actions": list(self.actions)}


def identity(name: str, *actions: str) -> Identity:
    return Identity(name, actions, f"{name}-{secrets.token_hex(8)}", secrets.token_hex(20))


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens at; all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class S3Server:
    """A SeaweedFS with three identities.

    Attributes
    ----------
    url : str
        The endpoint, ``http://127.0.0.1:<port>``; the same after a restart.
    owner : Identity
        May do anything.
    limited : Identity
        May read, write and list only what is under ``allowed/``, of any bucket.
    reader : Identity
        May read and list everything and write nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.owner = identity("owner", "Admin", "Read", "Write", "List", "Tagging")
        self.limited = identity("limited", *(f"{a}:*/allowed/*" for a in ("Read", "Write", "List")))
        self.reader = identity("reader", "Read", "List")
        self.ports = dict(zip(self._port_names(), free_ports(2 * len(SERVICES)), strict=True))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3.port']}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, or start it again with what it held; returns once it takes objects."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        config = {"identities": [i.to_config() for i in (self.owner, self.limited, self.reader)]}
        (self.folder / "identities.json").write_text(json.dumps(config))
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self._environment(),
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill it with SIGKILL; what it had said to have stored is there after `start`."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
        for name in SERVICES:
            # It makes these outside its folder, whatever it is told.
            port = self.ports[f"{name}.port.grpc"]
            Path(f"/tmp/seaweedfs-{name}-grpc-{port}.sock").unlink(missing_ok=True)

    def environment(self, who: Identity | None = None) -> dict[str, str]:
        """Give the environment variables by which boto3 finds the server as somebody."""
        who = who or self.owner
        return {
            "AWS_ACCESS_KEY_ID": who.access_key,
            "AWS_SECRET_ACCESS_KEY": who.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_S3": self.url,
        }

    def client(self, who: Identity | None = None, **options: Any) -> Any:
        """Make a boto3 client as somebody, the owner if not told; `options` go to its Config."""
        import boto3
        from botocore.config import Config

        who = who or self.owner
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=who.access_key,
            aws_secret_access_key=who.secret_key,
            region_name="us-east-1",
            config=Config(**options),
        )

    def fresh_bucket(self) -> str:
        """Make a bucket of a name that was never used; give the name."""
        name = f"bucket-{secrets.token_hex(6)}"
        self.client().create_bucket(Bucket=name)
        return name

    def _command(self) -> list[str]:
        program = Path(sys.executable).with_name("weed")
        return [
            str(program if program.exists() else shutil.which("weed")),
            "server",
            f"-options={OPTIONS}",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-filer.localSocket={self.folder / 'filer.sock'}",
            f"-s3.config={self.folder / 'identities.json'}",
            f"-s3.localSocket={self.folder / 's3.sock'}",
            *(f"-{name}={port}" for name, port in self.ports.items()),
        ]

    def _environment(self) -> dict[str, str]:
        # It takes keys that it finds for an owner's; there are many buckets here, so that one
        # volume for each must be enough.
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return ours | {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}

    def _wait(self) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=10)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._store(client)
                return
            except (BotoCoreError, ClientError) as error:
                assert self.process is not None
                if self.process.poll() is not None or time.monotonic() > end:
                    log = (self.folder / "log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"the S3 server did not start: {log}") from error
                time.sleep(0.1)

    def _store(self, client: Any) -> None:
        # The port is open before the server can store anything.
        exceptions = client.exceptions
        with suppress(exceptions.BucketAlreadyOwnedByYou, exceptions.BucketAlreadyExists):
            client.create_bucket(Bucket="ready")
        client.put_object(Bucket="ready", Key="ready", Body=b"")
        client.put_object(Bucket="ready", Key="stored", Body=b"x" * 4096)

    @staticmethod
    def _port_names() -> list[str]:
        return [f"{name}.{port}" for name in SERVICES for port in ("port", "port.grpc")]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Give a real S3 server that all tests of this process share."""
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a fresh bucket's name, and let boto3 find its server by the environment."""
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    return s3.fresh_bucket()
