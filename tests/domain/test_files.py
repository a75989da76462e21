import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from tasks.domain.files import canonical_json, write_atomic


def rewrite(path: Path, point: str) -> None:
    os.environ["LABELLOOP_CRASH_AT"] = point
    write_atomic(path, b"new")


@pytest.mark.parametrize(("moment", "left"), [("before", b"old"), ("after", b"new")])
def test_killed_around_the_rename_a_file_is_old_or_new(
    tmp_path: Path, moment: str, left: bytes
) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")
    point = f"rename:file:{moment}"
    writer = multiprocessing.get_context("fork").Process(target=rewrite, args=(path, point))
    writer.start()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    assert path.read_bytes() == left


def test_a_failed_write_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    write_atomic(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_json_has_one_spelling() -> None:
    assert canonical_json({"b": [1, 2.5], "a": "é"}) == '{"a":"é","b":[1,2.5]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))
