"""A process for a stranger's data may die, hang and eat: the one that asked says so and goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_for_end, wait_until
from support import in_process

from tasks.domain import errors
from tasks.domain.errors import DataError, LabelloopError, ParamsError
from tasks.trust import confined, limits

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def reachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the process find what is to be called, and leave none behind."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    yield
    confined.close()


def call(function: str, *arguments: object) -> object:
    return confined.call(f"security.harm:{function}", *arguments, where="a stage")


def refused(*arguments: object) -> str:
    with pytest.raises(DataError) as error:
        call(*arguments)  # type: ignore[arg-type]
    line = str(error.value)
    assert line.startswith("a stage: "), line
    assert "\n" not in line
    assert line.isprintable()
    assert isinstance(call("process"), int), "the next call has a process again"
    return line


def test_in_this_process_it_would_be_the_end() -> None:
    from security import harm

    assert in_process(harm.segfault) == -signal.SIGSEGV
    assert in_process(harm.leave, 3) == 3


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (("segfault",), "broke the process that worked on it (SIGSEGV)"),
        (("be_killed",), "broke the process that worked on it (SIGKILL)"),
        (("leave", 3), "ended the process that worked on it (exit code 3)"),
        (("leave", 0), "ended the process that worked on it (exit code 0)"),
        (("eat",), f"needed more than {limits.GIB} GiB of memory; {limits.GIB_VARIABLE}"),
        (("fail", "no\n\x1b[31mway"), "cannot be worked with (ValueError: no"),
        (("senseless",), "cannot be worked with (TypeError"),
        (("long_answer",), "said more than it may"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_harm_is_one_line(harm: tuple[object, ...], said: str) -> None:
    assert said in refused(*harm)


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.SECONDS_VARIABLE, "1")
    line = refused("loop")
    assert f"took longer than 1 s; {limits.SECONDS_VARIABLE} allows more" in line


def test_a_file_without_end_is_not_written(tmp_path: Path) -> None:
    assert "cannot be worked with" in refused("write", str(tmp_path / "x"), 17 << 30)


def test_what_is_printed_is_no_answer() -> None:
    assert call("chatter") == "honest"


@pytest.mark.parametrize(
    "name", ["DataError", "ParamsError", "CampaignError", "LedgerError", "BudgetError"]
)
def test_an_error_comes_back_as_what_it_was(name: str) -> None:
    with pytest.raises(LabelloopError) as error:
        call("refuse", name)
    assert type(error.value) is getattr(errors, name)
    assert str(error.value) == "a file: is wrong; mend it"


def test_one_process_serves_until_it_ends() -> None:
    first = call("process")
    assert call("process") == first != os.getpid()
    refused("segfault")
    assert call("process") != first


def test_it_gets_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "LABEL_STUDIO_TOKEN", "LABELLOOP_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "secret")
    given = call("environment")
    assert isinstance(given, list)
    ours = ("OMP", "OPENBLAS", "GOTO", "MKL", "BLIS", "VECLIB", "NUMEXPR", "NPY")
    assert {name for name in given if not name.startswith(ours)} <= set(confined.PASSED_ON)


@pytest.mark.parametrize("value", ["0", "-1", "1e3", "", "many", "9" * 5000])
def test_a_limit_that_is_none_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.GIB_VARIABLE, value)
    with pytest.raises(ParamsError, match=limits.GIB_VARIABLE):
        call("process")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_the_process_that_asked(tmp_path: Path, how: signal.Signals) -> None:
    note, log = tmp_path / "pid", tmp_path / "log"
    code = (
        "from tasks.trust import confined\n"
        f"confined.call('security.harm:wait', {str(note)!r}, where='a stage')"
    )
    with log.open("w") as said:
        asking = subprocess.Popen(
            [sys.executable, "-c", code], stdout=said, stderr=said, cwd=TESTS.parent
        )
    wait_until(lambda: note.exists() and note.read_text(), asking, log)
    working = int(note.read_text())
    asking.send_signal(how)
    asking.wait()
    wait_for_end([working])
