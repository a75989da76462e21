"""A disk that fails is told in one line, and nothing that was done is lost."""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import Done, advance, assert_same, in_process, labelloop

from tasks.ledger.local import LocalLedger

pytestmark = pytest.mark.integration


def failing(call: Callable[..., Any], number: int, at: int) -> Callable[..., Any]:
    """Fail the call of a number from 1, and all after it, as a disk that broke does."""
    count = 0

    def do(*arguments: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count >= at:
            raise OSError(number, os.strerror(number))
        return call(*arguments, **options)

    return do


def assert_one_line(done: Done, words: str) -> None:
    assert done.code == 2, done
    assert len(done.err.splitlines()) == 1, done.err
    assert words in done.err
    assert "Traceback" not in done.out + done.err


@pytest.mark.parametrize(
    ("name", "at"), [("fsync", 1), ("fsync", 20), ("fsync", 45), ("replace", 2), ("replace", 12)]
)
def test_a_run_ends_in_one_line_and_goes_on_later(
    campaign: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(os, name, failing(getattr(os, name), errno.EIO, at))
        done = labelloop("-C", campaign, "run", "--wait", "--no-prefect")
    assert_one_line(done, "Input/output error")
    assert "check the disk" in done.err
    LocalLedger(campaign / "ledger").entries()
    assert in_process(advance, campaign) == 0
    assert_same(campaign, finished)


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "free some room"),
        (errno.EDQUOT, "free some room"),
        (errno.EROFS, "writable"),
        (errno.ENODEV, "check the disk"),
        (errno.ESTALE, "check the disk"),
        (errno.EMFILE, "ulimit"),
        (errno.ENAMETOOLONG, "shorter"),
        (errno.EBUSY, "see to it"),
    ],
    ids=errno.errorcode.get,
)
def test_each_error_has_its_cure(
    campaign: Path, monkeypatch: pytest.MonkeyPatch, number: int, cure: str
) -> None:
    monkeypatch.setattr(os, "fsync", failing(os.fsync, number, 1))
    done = labelloop("-C", campaign, "run", "--no-prefect")
    assert_one_line(done, os.strerror(number))
    assert cure in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("run", "--no-prefect"),
        ("run",),
        ("report",),
        ("why", "item-0001"),
        ("replay",),
        ("serve",),
        ("check",),
    ],
    ids=" ".join,
)
def test_no_command_ends_in_a_traceback(
    finished: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    whole = io.open

    def broken(file: Any, *others: Any, **options: Any) -> Any:
        if str(file).endswith("params.yaml"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(file))
        return whole(file, *others, **options)

    monkeypatch.setattr(io, "open", broken)
    done = labelloop("-C", finished, *arguments)
    said = done.out + done.err
    assert done.code == 2, said
    assert "Input/output error" in said
    assert "Traceback" not in said
    assert len(done.err.splitlines()) <= 1


def test_what_other_libraries_make_of_it_is_one_line_too(
    campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dvc.repo

    def broken(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "/disk/cache")

    monkeypatch.setattr(dvc.repo.Repo, "__init__", broken)
    done = labelloop("-C", campaign, "run", "--rounds", "1", "--wait", "--no-prefect")
    assert_one_line(done, "Input/output error")
