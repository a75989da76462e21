"""Campaigns that tests may use."""

import importlib
import shutil
import signal
import warnings
from pathlib import Path

import pytest
from prefect_server import api  # noqa: F401 - a fixture for every test
from schedules import Tally
from servers import s3, s3_bucket  # noqa: F401 - fixtures for every test
from support import SMALL, advance, change_params, in_process, items
from wiretap import scripted, wiretap  # noqa: F401 - fixtures for every test

from tasks.domain import environment

# A shell without job control lets what it starts in the background ignore Ctrl-C, and tests that
# send it to a child would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

HEAVY = ("great_expectations", "mlflow.sklearn", "lightgbm", "crowdkit.aggregation", "dvc.repo")


@pytest.fixture(scope="session")
def warm() -> None:
    """Import once what children that are forked would each import again."""
    with warnings.catch_warnings():
        # What libraries say of one another while they are imported is not about us.
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in (*HEAVY, "sklearn.calibration", "skops.io", "matplotlib.figure"):
            importlib.import_module(name)
    # Sources that are edited while tests run would make two campaigns differ.
    environment.code()


@pytest.fixture(scope="session")
def template(warm: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a campaign that nothing has been run in; tests copy it."""
    from tasks.audit import mlflow_client
    from tasks.create import Request, create

    folder = tmp_path_factory.mktemp("template")
    items().to_parquet(folder / "items.parquet", index=False)
    root = folder / "trees"
    create(Request(root, pool=folder / "items.parquet", holdout=40, gold=6))
    change_params(root, SMALL)
    mlflow_client.prepare(root, "sqlite:///mlflow.db")
    return root


@pytest.fixture
def campaign(template: Path, tmp_path: Path) -> Path:
    """Give a fresh campaign of its own."""
    return Path(shutil.copytree(template, tmp_path / "trees", symlinks=True))


@pytest.fixture(scope="session")
def finished(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a campaign whose three rounds are closed; not to be changed."""
    root = Path(shutil.copytree(template, tmp_path_factory.mktemp("finished") / "trees"))
    assert in_process(advance, root) == 0
    return root


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what schedules of faults came to, all parts of a vendor together, and other facts."""
    tallies: dict[str, Tally] = {}
    for report in terminalreporter.getreports("passed"):
        for kind, value in getattr(report, "user_properties", ()):
            if kind == "tally":
                tallies.setdefault(value[0], Tally()).add(Tally.from_json(value[1]))
            elif kind == "fact":
                terminalreporter.write_line(value)
    for name, tally in sorted(tallies.items()):
        terminalreporter.write_line(f"{name}: {tally}")
