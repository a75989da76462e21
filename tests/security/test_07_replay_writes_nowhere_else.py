"""What a ledger says of files is believed only where a stage declares them."""

import json
from pathlib import Path
from typing import Any

import pytest
from security.openings import Said, clone, of_stage, rewrite
from support import labelloop

from flows.replay import replay
from tasks import campaign as at
from tasks import pipeline
from tasks.audit.verify import audit
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import CampaignError, DataError, LedgerError, UserError
from tasks.ledger.reading import parse
from tasks.versions.store import Store


def upwards(place: Path) -> str:
    """Lead from any folder to a place, by way of the root."""
    return f"data/{'../' * 16}{str(place).lstrip('/')}"


def hostile(finished: Path, folder: Path, path: str) -> Path:
    """Give a clone whose ledger says of a stage that it read one file more."""
    root = clone(finished, folder)

    def change(said: Said) -> None:
        if of_stage(said, 1, "score"):
            said["body"]["inputs"][path] = said["body"]["inputs"][at.POOL]

    rewrite(root, change)
    return root


@pytest.mark.integration
def test_a_replay_writes_nothing_outside_its_folder(finished: Path, tmp_path: Path) -> None:
    written = tmp_path / "written"
    root = hostile(finished, tmp_path, upwards(written))
    done = labelloop("-C", root, "replay", "1")
    assert not written.exists()
    assert done.code == 1
    assert "is no path that a stage declares" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.integration
@pytest.mark.parametrize("command", [["why", "item-0001"], ["status"], ["report"]])
def test_other_commands_say_it_in_one_line(
    finished: Path, tmp_path: Path, command: list[str]
) -> None:
    root = hostile(finished, tmp_path, "/etc/labelloop-test")
    done = labelloop("-C", root, *command)
    assert done.code == 1
    assert "is no path that a stage declares" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.integration
def test_an_audit_finds_the_entry_and_goes_on(finished: Path, tmp_path: Path) -> None:
    root = hostile(finished, tmp_path, upwards(tmp_path / "written"))
    problems = audit(root).problems
    found = [one for one in problems if "is no path that a stage declares" in one.what]
    assert [one.kind for one in found] == ["ledger"]
    assert found[0].where.startswith("ledger/")
    assert not (tmp_path / "written").exists()


@pytest.mark.integration
def test_a_file_of_another_stage_is_none_of_this_ones(finished: Path, tmp_path: Path) -> None:
    root = hostile(finished, tmp_path, at.TRUTH)
    (done,) = replay(root, [1]).rounds
    (score,) = [stage for stage in done.stages if stage.stage == "score"]
    assert not score.equal
    assert f"says of the stage score that it reads or writes {at.TRUTH}" in score.why


SHA256, MD5 = "a" * 64, "b" * 32
DIGEST = {"sha256": SHA256, "md5": MD5, "size": 1}


def parsed(kind: str, body: dict[str, Any]) -> Entry:
    return parse(Entry(0, GENESIS, "2026-01-05T08:00:00+00:00", 1, kind, body).content, "ledger/x")


def stage(**changes: Any) -> dict[str, Any]:
    return {"stage": "score", "inputs": {}, "outputs": {}, **changes}


FOREIGN = [
    "/etc/passwd",
    "../x",
    "data/../../x",
    "data/source/../../../x",
    "data/source/..",
    "data/source/",
    "data/source",
    "data//source/x",
    "./params.yaml",
    "data\\source\\x",
    "data/source/a\\b",
    "data/source/a\nb",
    "data/source/a\x1b[2J",
    "data/other.parquet",
    "base/other.parquet",
    ".git/config",
    ".dvc/config",
    ".labelloop/token",
    "ledger/00000000.json",
    "",
]


@pytest.mark.parametrize("path", FOREIGN)
@pytest.mark.parametrize("name", ["inputs", "outputs"])
def test_a_stage_has_only_paths_that_are_declared(path: str, name: str) -> None:
    with pytest.raises(LedgerError, match="is no path that a stage declares"):
        parsed("stage", stage(**{name: {path: DIGEST}}))


@pytest.mark.parametrize("path", FOREIGN)
@pytest.mark.parametrize(
    ("kind", "name", "more"),
    [
        ("snapshot", "files", {"tag": "round-0001"}),
        ("round_opened", "base", {}),
        ("round_opened", "intake", {}),
        ("items_added", "files", {"path": "data/added/x.csv"}),
    ],
)
def test_other_entries_name_no_other_paths(
    path: str, kind: str, name: str, more: dict[str, Any]
) -> None:
    with pytest.raises(LedgerError, match="is no path that a stage declares"):
        parsed(kind, {name: {path: DIGEST}, **more})


@pytest.mark.parametrize(
    "digest",
    [
        {**DIGEST, "md5": "../../../x"},
        {**DIGEST, "md5": MD5.upper()},
        {**DIGEST, "sha256": "x"},
        {**DIGEST, "sha256": SHA256 + "\n"},
        {**DIGEST, "size": -1},
        {**DIGEST, "size": True},
        {**DIGEST, "size": "1"},
        {**DIGEST, "more": 1},
        {"sha256": SHA256},
        None,
        [],
    ],
)
def test_a_digest_is_one(digest: Any) -> None:
    assert parsed("stage", stage(inputs={at.POOL: DIGEST})).body["inputs"] == {at.POOL: DIGEST}
    with pytest.raises(LedgerError, match="has no digest"):
        parsed("stage", stage(inputs={at.POOL: digest}))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("stage", {"stage": "score", "inputs": {}}),
        ("stage", stage(stage=["score"])),
        ("stage", stage(inputs=[at.POOL])),
        ("snapshot", {"files": {}}),
        ("round_closed", {"round": 1}),
        ("items_added", {"files": {}, "path": "data/added/x.csv"}),
        ("items_added", {"files": {"data/added/x.csv": DIGEST}, "path": "../x.csv"}),
        ("labels_imported", {"files": {"data/imported/x": DIGEST}, "path": "data/imported/y"}),
    ],
)
def test_an_entry_says_what_it_must(kind: str, body: dict[str, Any]) -> None:
    with pytest.raises(LedgerError, match="ledger/x"):
        parsed(kind, body)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{}", b"[]", b'{"seq":0}', b"\xff"])
def test_bytes_that_are_no_entry_are_told_in_one_line(content: bytes) -> None:
    with pytest.raises(LedgerError, match="ledger/x: is not a ledger entry"):
        parse(content, "ledger/x")


@pytest.mark.parametrize("field", ["seq", "round", "at", "kind", "prev", "body"])
def test_the_fields_of_an_entry_have_types(field: str) -> None:
    said: dict[str, Any] = {"seq": 0, "prev": GENESIS, "at": "", "round": 0, "kind": "x"}
    with pytest.raises(LedgerError, match="of another type"):
        parse(Entry(**{**said, "body": {}, field: [1]}).content, "ledger/x")


def test_all_that_stages_declare_is_known() -> None:
    for name in pipeline.NAMES:
        declared = pipeline.module(name).STAGE
        assert all(map(at.is_named, (*declared.inputs, *declared.outputs)))
        assert declared.intake in ("", at.ADDED, at.IMPORTED)


@pytest.mark.parametrize("md5", ["../../x", "", f"{MD5}/x", f"{MD5}\n", MD5.upper()])
def test_no_address_leads_out_of_the_cache(tmp_path: Path, md5: str) -> None:
    with pytest.raises(DataError, match="is no MD5"):
        Store(tmp_path).fetch(md5)


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[" * 100_000,
        "[]",
        '{"round": "1"}',
        json.dumps({"round": 1, "base": {"../x": DIGEST}}),
        json.dumps({"round": 1, "intake": {"/etc/passwd": DIGEST}}),
        json.dumps({"round": 1, "intake": {"data/added/../../x.csv": DIGEST}}),
        '{"round": 1, "base": {"snapshot/labels.parquet": {"md5": "../x"}}}',
        '{"round": 1, "intake": []}',
    ],
)
def test_the_record_of_the_open_round_names_no_other_paths(tmp_path: Path, record: str) -> None:
    (tmp_path / at.ROUND).write_text(record)
    with pytest.raises(UserError, match=r"round\.json|which|path|digest"):
        _ = at.Campaign(tmp_path).record


def test_a_link_in_the_data_of_a_stranger_is_refused(finished: Path, tmp_path: Path) -> None:
    root = clone(finished, tmp_path)
    secret = tmp_path / "secret.csv"
    secret.write_text("mine")
    (root / at.SOURCE).mkdir(parents=True)
    (root / at.SOURCE / "items.csv").symlink_to(secret)
    with pytest.raises(CampaignError, match="leads out of the campaign"):
        at.find(root)
