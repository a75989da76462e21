"""Start a Label Studio on this machine only, in the foreground, with telemetry off.

Runs in Label Studio's own environment (`make label-studio`). Its data, its password and its token
are in one folder that git ignores. The first start makes the database, which takes half a minute.
"""

import argparse
import json
import os
import secrets
import socket
import sys
from pathlib import Path

EMAIL = "owner@labelloop.test"
OPEN_NO_FILE_TO_OTHERS = 0o600


def credentials(folder: Path) -> dict[str, str]:
    """Read the password and the token, or draw them."""
    path = folder / "credentials.json"
    if not path.exists():
        drawn = {"password": secrets.token_urlsafe(12), "token": secrets.token_hex(20)}
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OPEN_NO_FILE_TO_OTHERS)
        with os.fdopen(handle, "w") as file:
            json.dump(drawn, file)
    found: dict[str, str] = json.loads(path.read_text())
    return found


def environment(folder: Path, secret: dict[str, str]) -> dict[str, str]:
    """Make the server's environment."""
    (folder / "home").mkdir(exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", ""),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "HOME": str(folder / "home"),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "LABEL_STUDIO_USERNAME": EMAIL,
        "LABEL_STUDIO_PASSWORD": secret["password"],
        "LABEL_STUDIO_USER_TOKEN": secret["token"],
        # Read once, when the first account is made.
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_SENTRY_DSN": "",
        "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
        # Else a webhook could not reach the receiver beside it, on loopback.
        "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
    }


def refuse_busy(host: str, port: int) -> None:
    """Stop if the port is taken: Label Studio would take the next one without a word."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            sys.exit(f"port {port} is taken; try: make label-studio PORT={port + 1}")


def main() -> None:
    """Start it; does not return."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".labelloop/label-studio"))
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--host", default="127.0.0.1", help="another only within a container")
    given = parser.parse_args()
    folder = given.data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    refuse_busy(given.host, given.port)
    secret = credentials(folder)
    print(f"Label Studio:  http://127.0.0.1:{given.port}  (Ctrl-C stops it)")
    print(f"log in as:     {EMAIL}  with the password in {folder / 'credentials.json'}")
    print(f"for labelloop: export LABEL_STUDIO_TOKEN={secret['token']}", flush=True)
    program = str(Path(sys.executable).with_name("label-studio"))
    place = ["--internal-host", given.host, "--port", str(given.port)]
    command = [program, "start", "--no-browser", *place]
    os.execve(program, command, environment(folder, secret))  # noqa: S606 # its own server


if __name__ == "__main__":
    main()
