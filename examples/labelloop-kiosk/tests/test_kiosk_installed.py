"""Once it is installed, labelloop finds it by its name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1]
LOOK = """
import json
from tasks import registry
from tasks.domain.errors import ParamsError

found = {"names": registry.names("vendors")}
found["kiosk"] = repr(registry.build("vendors", "kiosk", {"url": "https://kiosk.example.org"}))
for options in ({"url": "http://kiosk.example.org"}, {"urls": ""}):
    try:
        registry.build("vendors", "kiosk", options)
    except ParamsError as error:
        found.setdefault("refused", []).append(str(error))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--offline", "--no-deps", "--no-build-isolation", "--no-cache"]
    command = [sys.executable, "-m", "uv", "pip", "install", *options, "--target", str(target)]
    environment = os.environ | {"VIRTUAL_ENV": sys.prefix}
    subprocess.run([*command, str(PACKAGE)], check=True, env=environment, timeout=120)
    return target


def test_it_is_found_and_built_from_params(installed: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", LOOK]
    said = subprocess.run(
        command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=120
    )
    found = json.loads(said.stdout)
    assert {"kiosk", "simulated"} <= set(found["names"])
    assert found["kiosk"].startswith(
        "Kiosk(url='https://kiosk.example.org', token='LABELLOOP_KIOSK_TOKEN'"
    )
    assert "kiosk.url: must be of the form" in found["refused"][0]
    assert found["refused"][1] == "'kiosk' has no option 'urls'; did you mean 'url'?"
