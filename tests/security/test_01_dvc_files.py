"""DVC is given the files that labelloop writes, and these say nothing else than it wrote."""

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tasks.domain.errors import DataError
from tasks.versions import data, dvc_files, git, given

URL = "http://127.0.0.1:{port}/data"


@pytest.fixture
def asked() -> Iterator[tuple[int, list[str]]]:
    """Serve nothing; give the port, and what was asked for."""
    paths: list[str] = []

    class Listening(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, paths
    server.shutdown()
    thread.join()
    server.server_close()


def stage(root: Path, **changes: object) -> None:
    """Change the first stage of dvc.yaml."""
    path = root / "dvc.yaml"
    said = yaml.safe_load(path.read_text())
    said["stages"]["pool"] |= changes
    path.write_text(yaml.safe_dump(said))


@pytest.fixture
def done(finished: Path, tmp_path: Path) -> Path:
    """Give a campaign all of whose stages have written what they write."""
    return Path(shutil.copytree(finished, tmp_path / "trees", symlinks=True))


@pytest.mark.integration
def test_a_stage_that_reads_from_a_server_asks_it_for_nothing(
    done: Path, asked: tuple[int, list[str]]
) -> None:
    port, paths = asked
    stage(done, deps=[URL.format(port=port)])
    with pytest.raises(DataError, match="which no stage of labelloop declares"):
        data.commit(done)
    assert paths == []


@pytest.mark.integration
def test_files_of_dvc_that_labelloop_does_not_write_are_not_read(
    done: Path, asked: tuple[int, list[str]]
) -> None:
    port, paths = asked
    (done / "more").mkdir()
    said = {"stages": {"x": {"cmd": "true", "deps": [URL.format(port=port)]}}}
    (done / "more" / "dvc.yaml").write_text(yaml.safe_dump(said))
    out = {"path": "x", "md5": "0" * 32}
    source = {"repo": {"url": URL.format(port=port), "rev_lock": "0" * 40}, "path": "x"}
    (done / "x.dvc").write_text(yaml.safe_dump({"deps": [source], "outs": [out]}))
    data.commit(done)
    data.add(done, "data/source")
    assert paths == []
    assert git.changed(done) == ["more/dvc.yaml", "x.dvc"]


@pytest.mark.parametrize(
    "change",
    [
        {"cmd": "sh run.sh"},
        {"wdir": ".."},
        {"deps": ["../secret"]},
        {"deps": ["/etc/passwd"]},
        {"deps": ["data/../../secret"]},
        {"outs": ["../secret"]},
        {"outs": [{"data/pool.parquet": {"remote": "other"}}]},
        {"outs": [{"data/pool.parquet": {"cache": False}}]},
        {"params": [{"other.py": ["x"]}]},
        {"params": ["${x}"]},
        {"vars": ["other.yaml"]},
        {"matrix": {"x": ["y"]}},
        {"frozen": True},
        {"outs": "data/pool.parquet"},
    ],
)
def test_a_stage_is_what_labelloop_writes(
    template: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    (tmp_path / "dvc.yaml").write_bytes((template / "dvc.yaml").read_bytes())
    assert dvc_files.checked(tmp_path) == ["dvc.yaml"]
    stage(tmp_path, **change)
    with pytest.raises(DataError, match=r"dvc\.yaml, stage 'pool'"):
        dvc_files.checked(tmp_path)


SOUND = {"md5": f"{'0' * 32}.dir", "size": 1, "nfiles": 1, "hash": "md5", "path": "source"}


@pytest.mark.parametrize(
    "said",
    [
        {"outs": [SOUND], "deps": [{"path": "http://127.0.0.1:9"}]},
        {"outs": [SOUND], "wdir": "../.."},
        {"outs": [SOUND], "cmd": "sh run.sh"},
        {"outs": [SOUND], "frozen": True},
        {"outs": [SOUND, SOUND]},
        {"outs": [{**SOUND, "path": "../../secret"}]},
        {"outs": [{**SOUND, "path": "/etc/passwd"}]},
        {"outs": [{**SOUND, "path": "s3://bucket/x"}]},
        {"outs": [{**SOUND, "remote": "other"}]},
        {"outs": [{**SOUND, "cache": False}]},
        {"outs": [{**SOUND, "hash": "etag"}]},
        {"outs": [{**SOUND, "md5": "../../x"}]},
        {"outs": [{**SOUND, "size": "1"}]},
        {"outs": ["source"]},
        {},
        ["outs"],
    ],
)
def test_a_dvc_file_stands_for_what_lies_beside_it(tmp_path: Path, said: object) -> None:
    path = tmp_path / "data" / "source.dvc"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({"outs": [SOUND]}))
    assert dvc_files.checked(tmp_path) == ["data/source.dvc"]
    path.write_text(yaml.safe_dump(said))
    with pytest.raises(DataError, match=r"data/source\.dvc"):
        dvc_files.checked(tmp_path)


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
DEEP = "x: " + "[" * 10_000


@pytest.mark.parametrize("content", [BOMB, DEEP, "x: " + "y" * (1 << 21), "\0", "? [x]: y"])
@pytest.mark.parametrize("name", ["dvc.yaml", "dvc.lock", "data/source.dvc"])
def test_yaml_that_swells_is_refused(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / name).write_text(content)
    if name == "dvc.lock":
        (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(DataError, match=name):
        dvc_files.checked(tmp_path)


@pytest.mark.parametrize(
    "relpath", ["../../../out.mark", "/tmp/out.mark", "a/../../../../out.mark", "a\\b", "..", ""]
)
def test_a_list_of_files_leads_out_of_no_folder(
    campaign: Path, tmp_path: Path, relpath: str
) -> None:
    content = b"mark"
    md5 = kept(campaign, content)
    listed = kept(campaign, json.dumps([{"md5": md5, "relpath": relpath}]).encode(), ".dir")
    out = {**SOUND, "md5": listed, "path": "more"}
    added = campaign / "data" / "added"
    added.mkdir()
    (added / "more.dvc").write_text(yaml.safe_dump({"outs": [out]}))
    with pytest.raises(DataError, match="which is no file of that folder"):
        given.bring(campaign)
    assert not list(tmp_path.rglob("*.mark"))


def test_a_file_is_that_of_its_address(campaign: Path) -> None:
    md5 = kept(campaign, b"mine")
    path = campaign / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    path.chmod(0o644)
    path.write_bytes(b"another's")
    added = campaign / "data" / "added"
    added.mkdir()
    out = {"md5": md5, "size": 4, "hash": "md5", "path": "more.csv"}
    (added / "more.csv.dvc").write_text(yaml.safe_dump({"outs": [out]}))
    with pytest.raises(DataError, match="is not what DVC's address stands for"):
        given.bring(campaign)
    assert not (added / "more.csv").exists()


def kept(root: Path, content: bytes, ending: str = "") -> str:
    """Put bytes into DVC's cache; give their address."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest() + ending
    path = root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return md5
