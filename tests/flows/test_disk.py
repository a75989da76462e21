"""Errors of the system in words, also those that another library has wrapped."""

import errno
import os

import pytest

from flows import disk


def raised(number: int, *names: str) -> OSError:
    return OSError(number, os.strerror(number), *names)


@pytest.mark.parametrize("number", [n for numbers in disk.CURES.values() for n in numbers])
def test_every_line_says_what_where_and_what_to_do(number: int) -> None:
    said = disk.line(raised(number, "a/b"))
    assert said is not None
    assert said.startswith(f"{os.strerror(number)} (a/b); ")
    assert said.endswith("and run again: what was done is kept")
    assert disk.OTHER not in said


def test_both_names_of_a_rename_are_told() -> None:
    error = OSError(errno.EIO, os.strerror(errno.EIO), "a", None, "b")
    assert "(a → b)" in str(disk.line(error))


def test_what_another_library_made_of_it_is_seen_through() -> None:
    outer = RuntimeError("could not save")
    outer.__cause__ = raised(errno.ENOSPC)
    assert "free some room" in str(disk.line(outer))


def test_a_fault_of_ours_is_none() -> None:
    assert disk.line(ValueError("no")) is None
    assert disk.line(OSError("without a number")) is None
