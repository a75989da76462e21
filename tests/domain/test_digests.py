import hashlib
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tasks.domain import digests


@given(content=st.binary())
def test_of_bytes_is_what_hashlib_says(content: bytes) -> None:
    digest = digests.of_bytes(content)
    assert digest.sha256 == hashlib.sha256(content).hexdigest()
    assert digest.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert digest.size == len(content)


def test_a_file_changed_behind_its_time_is_seen_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    stat = path.stat()
    before = digests.of_file(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert digests.of_file(path, fresh=True) == digests.of_bytes(b"two") != before


def test_a_file_written_again_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    digests.of_file(path)
    path.write_bytes(b"longer")
    assert digests.of_file(path) == digests.of_bytes(b"longer")


def test_many_digests_depend_on_names() -> None:
    one = digests.of_bytes(b"1")
    assert digests.of_many({"a": one}) != digests.of_many({"b": one})
