"""Whatever is changed in a campaign, the audit finds it and names it."""

import json
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support import advance, in_process

from tasks import campaign as at
from tasks.audit import verify_files
from tasks.audit.findings import Findings, Report
from tasks.audit.rounds import Rounds
from tasks.audit.verify import audit
from tasks.domain import digests
from tasks.domain.entries import Entry, parse
from tasks.ledger.local import LocalLedger
from tasks.versions import git
from tasks.versions.store import Store

pytestmark = pytest.mark.integration

LAST = 2
"""The last round of the finished campaign."""


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "trees", symlinks=True))


def flip(path: Path, position: int | None = None) -> None:
    """Change one bit of one byte, in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if position is None else position] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def sealed(root: Path, path: str, number: int) -> str:
    """Give the MD5 of a file of a round."""
    entries = LocalLedger(root / at.LEDGER).entries()
    snapshot = next(e for e in entries if e.kind == "snapshot" and e.round == number)
    return str(snapshot.body["files"][path]["md5"])


def entry(root: Path, kind: str, number: int = 1) -> int:
    """Find the first entry of a kind in a round."""
    entries = LocalLedger(root / at.LEDGER).entries()
    return next(e.seq for e in entries if e.kind == kind and e.round == number)


def ledger_file(root: Path, seq: int) -> Path:
    return root / at.LEDGER / f"{seq:08d}.json"


def first(report: Report) -> tuple[str, str]:
    assert not report.ok
    return report.problems[0].kind, report.problems[0].where


def test_nothing_is_wrong_with_a_finished_campaign(finished: Path) -> None:
    report = audit(finished)
    assert report.problems == ()
    assert report.unchecked == ()
    ledger = LocalLedger(finished / at.LEDGER)
    found = report.to_json()
    assert list(found) == ["ok", "entries", "head", "problems", "acknowledged", "unchecked"]
    assert found["ok"] is True
    assert (found["entries"], found["head"]) == (len(ledger.entries()), ledger.head)


def test_it_changes_nothing(copy: Path) -> None:
    def everything() -> dict[str, str]:
        # `git status` notes down when it looked; DVC has its own notes.
        own = (".dvc/tmp", ".git/index")
        files = [p for p in copy.rglob("*") if p.is_file() and not any(o in str(p) for o in own)]
        return {str(p): digests.of_file(p, fresh=True).sha256 for p in files}

    before = everything()
    audit(copy)
    assert everything() == before


KINDS = (at.DECISIONS, at.ANSWERS, at.LABELS, at.MODEL, at.POOL)
"""One file of each kind that matters most."""
ON_DISK = (
    *KINDS,
    at.HOLDOUT,
    at.GOLD,
    at.TRUTH,
    at.BASE_LABELS,
    at.BASE_MODEL,
    at.QUERY_MODEL,
    at.BATCH,
    at.INBOX,
    at.EGRESS,
    at.EXPORT,
    at.QUALITY,
    at.ANNOTATORS,
    at.STOP,
    at.SENT,
    at.CARD,
    at.PREDICTIONS,
    at.HOLDOUT_PREDICTIONS,
    at.COMPARISON,
    at.METRICS,
    at.HISTORY,
    at.VALIDATION,
    at.ROUND,
    at.HOLDOUT_IDS,
    at.GOLD_IDS,
    at.PARAMS,
    *at.SUITES,
    f"{at.SOURCE}/items.parquet",
)


@pytest.mark.parametrize("path", KINDS)
def test_a_flipped_byte_on_disk_is_named(copy: Path, path: str) -> None:
    flip(copy / path)
    report = audit(copy)
    assert [(p.kind, p.where) for p in report.problems] == [("file", path)]
    json.dumps(report.to_json())


def test_flipped_bytes_are_all_named_at_once(copy: Path) -> None:
    for path in ON_DISK:
        flip(copy / path)
    assert {p.where for p in audit(copy).problems} >= set(ON_DISK)


def test_missing_files_are_all_named_at_once(copy: Path) -> None:
    missing = [path for path in ON_DISK if path not in (at.PARAMS, at.POOL)]
    for path in missing:
        (copy / path).unlink()
    assert {p.where for p in audit(copy).problems} >= set(missing)


@pytest.mark.parametrize("path", [*KINDS, at.QUERY_MODEL, at.INBOX])
def test_a_flipped_byte_in_dvc_is_named(copy: Path, path: str) -> None:
    md5 = sealed(copy, path, 1)
    flip(Store(copy).cached(md5))
    kind, where = first(audit(copy))
    name, number = where.split(" of round ")
    rounds = Rounds(at.find(copy), LocalLedger(copy / at.LEDGER).entries(), Store(copy))
    assert (kind, rounds.files(int(number))[name].md5) == ("data", md5)


def test_bytes_that_dvc_has_lost_are_named(copy: Path) -> None:
    Store(copy).cached(sealed(copy, at.DECISIONS, 1)).unlink()
    assert first(audit(copy)) == ("data", f"{at.DECISIONS} of round 1")


@pytest.mark.parametrize("kind", ["stage", "tasks_received", "round_closed"])
def test_a_flipped_byte_in_the_ledger_is_named(copy: Path, kind: str) -> None:
    seq = entry(copy, kind, 0)
    flip(ledger_file(copy, seq))
    assert first(audit(copy)) == ("ledger", f"ledger/{seq:08d}.json")


@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_a_deleted_entry_is_named(copy: Path, which: str) -> None:
    last = len(list((copy / at.LEDGER).glob("*.json"))) - 1
    seq = {"first": 0, "middle": last // 2, "last": last}[which]
    ledger_file(copy, seq).unlink()
    report = audit(copy)
    assert first(report) == ("ledger", f"ledger/{seq:08d}.json")
    assert "missing" in report.problems[0].what


def test_swapped_entries_are_named(copy: Path) -> None:
    one, other = ledger_file(copy, 7), ledger_file(copy, 8)
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])
    places = [p.where for p in audit(copy).problems]
    assert places == ["ledger/00000007.json", "ledger/00000008.json"]


def test_a_renamed_entry_is_named(copy: Path) -> None:
    ledger_file(copy, 9).rename(copy / at.LEDGER / "9.json")
    places = [p.where for p in audit(copy).problems]
    assert places == ["ledger/9.json", "ledger/00000009.json"]


def rewrite(root: Path, start: int, change: Callable[[Entry], dict[str, object]]) -> None:
    """Forge an entry, and chain all that follow to it as they should be."""
    prev = parse(ledger_file(root, start).read_bytes(), "").prev
    for path in sorted((root / at.LEDGER).glob("*.json"))[start:]:
        old = parse(path.read_bytes(), "")
        body = change(old) if old.seq == start else old.body
        new = Entry(old.seq, prev, old.at, old.round, old.kind, body)
        path.write_bytes(new.content)
        prev = new.digest


def test_a_last_entry_that_was_forged_is_named(copy: Path) -> None:
    last = len(list((copy / at.LEDGER).glob("*.json"))) - 1
    rewrite(copy, last, lambda old: {**old.body, "round": 7})
    LocalLedger(copy / at.LEDGER).entries()
    assert first(audit(copy)) == ("ledger", f"ledger/{last:08d}.json")


def test_a_chain_that_was_forged_and_committed_is_found(copy: Path) -> None:
    seq = entry(copy, "settled", 1)
    rewrite(copy, seq, lambda old: {**old.body, "cost": 0.0})
    LocalLedger(copy / at.LEDGER).entries()
    git.commit(copy, "Hide it", [at.LEDGER])
    assert first(audit(copy)) == ("ledger", f"ledger/{seq:08d}.json")


def test_a_missing_tag_is_named(copy: Path) -> None:
    git.run(copy, "tag", "--delete", "round-0001")
    assert first(audit(copy)) == ("git", "tag round-0001")


def test_a_tag_that_was_moved_is_named(copy: Path) -> None:
    git.run(copy, "tag", "--force", "round-0001", "round-0000^{}")
    places = {p.where for p in audit(copy).problems}
    assert any("round-0001" in place for place in places)


def test_a_missing_mlflow_run_is_named(copy: Path) -> None:
    with sqlite3.connect(copy / "mlflow.db") as database:
        database.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE name = 'round-0001'")
    assert first(audit(copy)) == ("mlflow", "MLflow run of round 1")


def test_an_mlflow_metric_that_was_beautified_is_named(copy: Path) -> None:
    with sqlite3.connect(copy / "mlflow.db") as database:
        forge = "UPDATE latest_metrics SET value = 0.99 WHERE key = 'accuracy' AND step = 2"
        database.execute(forge)
    report = audit(copy)
    assert first(report) == ("mlflow", "MLflow run of round 2")
    assert "accuracy" in report.problems[0].what


def test_an_absent_mlflow_database_is_unchecked(copy: Path) -> None:
    (copy / "mlflow.db").unlink()
    report = audit(copy)
    assert report.ok
    assert any("MLflow" in what for what in report.unchecked)
    assert not (copy / "mlflow.db").exists()


def test_what_a_slow_machine_sent_after_the_manifest_is_told_and_is_no_problem(copy: Path) -> None:
    ledger = LocalLedger(copy / at.LEDGER)
    body = {"leg": 1, "target": "simulated: batch trees-0002", "digest": ledger.keep(b"{}")}
    ledger.record(LAST, "egress", {**body, "bytes": 2})
    report = audit(copy)
    assert report.problems == ()
    assert [what for what in report.unchecked if "1 bodies left after it was written" in what]


def check_files(root: Path, *, shared: bool) -> Findings:
    findings = Findings()
    entries = LocalLedger(root / at.LEDGER).entries()
    rounds = Rounds(at.find(root), entries, Store(root))
    verify_files.check(rounds, findings, shared=shared)
    return findings


@pytest.mark.parametrize("shared", [False, True])
def test_only_with_other_machines_may_a_file_be_of_an_earlier_round(
    copy: Path, *, shared: bool
) -> None:
    (copy / at.EGRESS).write_text('{"round":1}\n')
    earlier = Store(copy).fetch(sealed(copy, at.MODEL, LAST - 1))
    (copy / at.MODEL).unlink()
    (copy / at.MODEL).write_bytes(earlier)
    found = check_files(copy, shared=shared)
    assert [p.where for p in found.problems] == ([] if shared else [at.MODEL, at.EGRESS])
    assert found.unchecked == (["2 files were made by other machines"] if shared else [])
    flip(copy / at.MODEL)
    assert at.MODEL in [p.where for p in check_files(copy, shared=shared).problems]


VENDOR = Path(".labelloop") / "simulated-vendor.sqlite"


def test_a_task_that_the_vendor_lost_is_named(copy: Path) -> None:
    with sqlite3.connect(copy / VENDOR) as database:
        (key,) = database.execute("SELECT min(key) FROM tasks").fetchone()
        database.execute("DELETE FROM tasks WHERE key = ?", (key,))
    assert first(audit(copy)) == ("vendor", f"task {key}")


def test_a_task_that_nobody_sent_is_named(copy: Path) -> None:
    with sqlite3.connect(copy / VENDOR) as database:
        row = ("foreign", "task-x", "trees", "trees-0000", 1, "{}")
        database.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?)", row)
    assert first(audit(copy)) == ("vendor", "task foreign")


def test_a_bill_for_an_answer_that_is_not_here_is_named(copy: Path) -> None:
    with sqlite3.connect(copy / VENDOR) as database:
        (key,) = database.execute("SELECT min(key) FROM tasks").fetchone()
        row = ("trees", "trees-0000", 0.5, "answer", "answer-x", key, 0, 1, "{}")
        database.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    assert first(audit(copy)) == ("money", "the vendor's bill")


def test_a_clone_says_what_it_cannot_check(finished: Path, tmp_path: Path) -> None:
    git.run(tmp_path, "clone", "--quiet", str(finished), "clone")
    shutil.copytree(finished / ".dvc" / "cache", tmp_path / "clone" / ".dvc" / "cache")
    report = audit(tmp_path / "clone")
    assert report.problems == ()
    words = " ".join(report.unchecked)
    for part in ("dvc pull", "MLflow", "vendor"):
        assert part in words


@pytest.fixture(scope="module")
def killed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a campaign that was killed in round 1, between a file and its entry."""
    root = Path(shutil.copytree(template, tmp_path_factory.mktemp("killed") / "trees"))
    assert in_process(advance, root, 1) == 0
    point = "0001/score/rename:decisions.parquet:after"
    assert in_process(advance, root, LABELLOOP_CRASH_AT=point) == -signal.SIGKILL
    return root


def test_a_campaign_that_was_killed_is_sound(killed: Path) -> None:
    report = audit(killed)
    assert report.problems == ()
    assert any(at.DECISIONS in what for what in report.unchecked)


@pytest.mark.parametrize("path", [at.QUERY_MODEL, at.POOL, at.ANSWERS])
def test_an_open_round_is_checked_too(killed: Path, tmp_path: Path, path: str) -> None:
    root = Path(shutil.copytree(killed, tmp_path / "trees", symlinks=True))
    flip(root / path)
    assert first(audit(root)) == ("file", path)
