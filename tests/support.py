"""Small campaigns, and a way to run things in processes that a test may kill."""

import atexit
import copy
import faulthandler
import functools
import gc
import io
import multiprocessing
import os
import shutil
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before numpy, as every program should: it decides how numpy makes sums.
from tasks import campaign as at

# isort: split
import numpy as np
import pandas as pd
import yaml

from tasks import params
from tasks.domain import digests
from tasks.domain.errors import ParamsError
from tasks.ledger.local import LocalLedger
from tasks.needs import wanted
from tasks.trust import confirmed, own
from tasks.versions import git

os.environ |= {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@localhost",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@localhost",
}

STATE = "LABELLOOP_STATE_OF_TESTS"
if STATE not in os.environ:
    # What tests trust, and the servers that they start, are none of the user's who runs them.
    os.environ[STATE] = os.environ["LABELLOOP_STATE"] = tempfile.mkdtemp(prefix="labelloop-tests-")
    atexit.register(shutil.rmtree, os.environ[STATE], ignore_errors=True)

FORK = multiprocessing.get_context("fork")

Changes = dict[str, Any]


def items(n: int = 160, seed: int = 3) -> pd.DataFrame:
    """Make items of three classes that two numbers tell apart, mostly."""
    rng = np.random.default_rng(seed)
    classes = np.array(["ash", "birch", "cedar"])
    which = rng.integers(3, size=n)
    return pd.DataFrame(
        {
            "item_id": [f"item-{number:04d}" for number in range(n)],
            "height": which * 2.0 + rng.normal(size=n),
            "girth": (which == 1) * 2.0 + rng.normal(size=n),
            "label": classes[which],
        }
    )


def merge(into: Changes, changes: Changes) -> Changes:
    """Give a mapping with nested changes; another vendor keeps no options of the one before."""
    into = copy.deepcopy(into)
    if into.get("name") != changes.get("name", into.get("name")):
        into = {**into, "options": {}} if "options" in into else into
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(into.get(key), dict)
        into[key] = merge(into[key], value) if both and key != "stop" else copy.deepcopy(value)
    return into


START = "2026-01-05T08:00:00+00:00"
"""When simulated annotators begin: two campaigns that are compared may run on different days."""
SMALL: Changes = {
    "campaign": {"budget": 100.0},
    "train": {"learner": "logistic_regression", "options": {}},
    "score": {"batch": 6, "runners_up": 2},
    "push": {"redundancy": 2, "gold": 0.2},
    "vendor": {"price": 0.05, "options": {"start": START}},
    "collect": {"poll_seconds": 0.0},
    "evaluate": {"resamples": 100},
    "stop": {"max_rounds": {"rounds": 3}},
}
"""Three rounds of six items."""


def given(root: Path, changes: Changes) -> Path:
    """Change params.yaml as a stranger would, whose changes nobody here has confirmed."""
    path = root / "params.yaml"
    path.write_text(yaml.safe_dump(merge(yaml.safe_load(path.read_text()), changes)))
    git.commit(root, "Change params", ["params.yaml"])
    return path


def change_params(root: Path, changes: Changes) -> None:
    """Change params.yaml as a person would, commit it, and confirm what is in it."""
    given(root, changes)
    # What cannot be read wants nothing, and is what some tests are about.
    with suppress(ParamsError):
        confirm(root)


def confirm(root: Path) -> None:
    """Confirm whatever a campaign wants, as its user would, and take it for nobody's own."""
    wants = wanted(root, params.load(root / at.PARAMS))
    confirmed.add((one.need for one in wants if one.asks), root)


def trust(root: Path) -> None:
    """Confirm whatever a clone wants, and take it for one's own: a machine of the same team."""
    own.take(root / at.PRIVATE)
    confirm(root)


def advance(root: Path, rounds: int | None = None, *, wait: bool = True) -> None:
    """Run a campaign in this process, without Prefect."""
    from flows.calls import plainly
    from flows.loop import advance as loop

    loop(plainly(), root, rounds, wait=wait)


def in_process(function: Callable[..., Any], *arguments: Any, **environment: str) -> int:
    """Do something in a child that a test may kill; give its exit code."""

    def child() -> None:
        os.environ |= environment
        # What the parent has in memory is not the child's to look through.
        gc.freeze()
        # A child that dies on purpose is no news.
        faulthandler.disable()
        function(*arguments)

    process = FORK.Process(target=child)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def alone(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a child: what it starts in its process must not be there when others fork."""

    @functools.wraps(test)
    def run(*arguments: Any, **fixtures: Any) -> None:
        receive, send = FORK.Pipe(duplex=False)

        def child() -> None:
            try:
                test(*arguments, **fixtures)
                send.send(None)
            except BaseException:  # noqa: BLE001 - the parent tells it
                send.send(traceback.format_exc())

        process = FORK.Process(target=child)
        process.start()
        failure = receive.recv()
        process.join()
        assert failure is None, failure

    return run


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str


def labelloop(*arguments: str | Path, **environment: str) -> Done:
    """Run the command line in a child process."""
    receive, send = FORK.Pipe(duplex=False)

    def child() -> None:
        gc.freeze()
        os.environ |= environment
        out, err, code = io.StringIO(), io.StringIO(), 0
        sys.argv = ["labelloop", *map(str, arguments)]
        with redirect_stdout(out), redirect_stderr(err):
            try:
                import flows.cli

                flows.cli.out.file = out
                flows.cli.main()
            except SystemExit as end:
                code = int(end.code or 0)
            except BaseException:  # noqa: BLE001 - a traceback is what the test must see
                traceback.print_exc()
                code = 70
        send.send(Done(code, out.getvalue(), err.getvalue()))

    process = FORK.Process(target=child)
    process.start()
    done: Done = receive.recv()
    process.join()
    return done


OUTCOME = (
    at.DECISIONS,
    at.LABELS,
    at.ANSWERS,
    at.SENT,
    at.MODEL,
    at.METRICS,
    at.HOLDOUT_PREDICTIONS,
    at.HISTORY,
)


def facts(root: Path) -> list[tuple[int, str, Any]]:
    """Read all that a ledger says, without when it was said."""
    entries = LocalLedger(root / at.LEDGER).entries()
    return [(entry.round, entry.kind, entry.body) for entry in entries]


def outcome(root: Path) -> dict[str, str]:
    """Digest what a campaign has come to."""
    return {name: digests.of_file(root / name, fresh=True).sha256 for name in OUTCOME}


def received(root: Path) -> list[str]:
    """List the keys of the tasks that the simulated vendor has."""
    with sqlite3.connect(root / ".labelloop" / "simulated-vendor.sqlite") as connection:
        return [row[0] for row in connection.execute("SELECT key FROM tasks ORDER BY key")]


def assert_same(root: Path, undisturbed: Path) -> None:
    """Check that two campaigns came to the same, by every record there is."""
    for ours, theirs in zip(facts(root), facts(undisturbed), strict=True):
        assert ours == theirs, f"{ours}\n{theirs}"
    assert outcome(root) == outcome(undisturbed)
    assert git.tags(root) == git.tags(undisturbed)
    assert received(root) == sorted(pd.read_parquet(root / at.SENT)["key"])
    assert len(received(root)) == len(set(received(root)))
    assert git.changed(root) == []
