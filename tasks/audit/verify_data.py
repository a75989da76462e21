"""Whether DVC still has what past rounds left, and whether it hangs together."""

import hashlib
from collections import defaultdict

from tasks import campaign as at
from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds, outputs
from tasks.audit.verify_files import named
from tasks.domain import state
from tasks.domain.digests import Digest
from tasks.domain.entries import Entry
from tasks.quality import imported
from tasks.versions import dvc_config, dvc_files, opening


def check(rounds: Rounds, findings: Findings) -> None:
    """Read every file of every closed round; compare what stages read with what others wrote."""
    with findings.guarded("file", "DVC's settings"):
        dvc_config.refuse(rounds.campaign.root)
    with findings.guarded("file", "DVC's files"):
        dvc_files.checked(rounds.campaign.root)
    _check_bytes(rounds, findings)
    for number in rounds.numbers:
        with findings.guarded("ledger", f"stages of round {number}"):
            _check_snapshot(rounds, number, findings)
            _check_links(rounds, number, findings)
    for number in rounds.closed:
        with findings.guarded("data", f"{at.DECISIONS} of round {number}"):
            _check_decisions(rounds, number, findings)


def _check_bytes(rounds: Rounds, findings: Findings) -> None:
    """Read each distinct content once, from DVC's cache or else its remote."""
    places: dict[Digest, list[tuple[int, str]]] = defaultdict(list)
    for number in rounds.closed:
        for path, digest in {**_read(rounds, number), **rounds.files(number)}.items():
            if path.startswith(at.KEPT_BY_DVC):
                places[digest].append((number, path))
    for digest, ((number, path), *others) in places.items():
        where = f"{path} of round {number}"
        more = f" ({len(others)} more files have the same content)" if others else ""
        with findings.guarded("data", where):
            content = rounds.store.fetch(digest.md5)
            if hashlib.sha256(content).hexdigest() != digest.sha256:
                what = f"DVC's copy of the {named(path)} was changed: it is not what was written"
                findings.problem("data", where, what + more)


def _read(rounds: Rounds, number: int) -> dict[str, Digest]:
    stages = rounds.stages(number)
    return {path: Digest(**of) for one in stages for path, of in one.body["inputs"].items()}


def _check_snapshot(rounds: Rounds, number: int, findings: Findings) -> None:
    """Compare what a snapshot sealed with what the stages wrote."""
    sealed = (rounds.body(number, "snapshot") or {"files": {}})["files"]
    for entry in rounds.stages(number):
        for path, body in outputs(entry).items():
            if path in sealed and sealed[path] != body:
                what = f"the snapshot has other bytes than the stage {entry.body['stage']} wrote"
                findings.problem("ledger", f"{path} of round {number}", what)


def _check_links(rounds: Rounds, number: int, findings: Findings) -> None:
    """Compare what each stage read with what the round's other stages wrote."""
    stages = rounds.stages(number)
    written = {path: (e, body) for e in stages for path, body in outputs(e).items()}
    sealed = (rounds.body(number, "snapshot") or {"files": {}})["files"]
    for entry in stages:
        for path, body in entry.body["inputs"].items():
            maker, made = written.get(path, (None, sealed.get(path, body)))
            if made != body:
                _report(entry, maker, path, findings)
    _check_base(rounds, number, {path: body for path, (_, body) in written.items()}, findings)


def _report(entry: Entry, maker: Entry | None, path: str, findings: Findings) -> None:
    by = f"the stage {maker.body['stage']} wrote" if maker else "the snapshot sealed"
    where = f"stage {entry.body['stage']} of round {entry.round}"
    findings.problem("ledger", where, f"read another {path} than {by}")


def _check_base(
    rounds: Rounds, number: int, written: dict[str, dict[str, object]], findings: Findings
) -> None:
    """Compare what a round started from with what the rounds before it left."""
    opened = state.last(rounds.entries, "round_opened", number)
    if opened is None:
        return
    left = opening.next_record(rounds.entries[: opened.seq])
    if opening.record_of(opened.body) != left:
        what = "was not opened with what the rounds before it left"
        findings.problem("ledger", f"round {number}", what)
    for path, body in written.items():
        there = left["base"].get(path.replace("base/", "snapshot/", 1), body)
        if path.startswith("base/") and there != body:
            if path == at.BASE_LABELS and _came_in(rounds, opened):
                continue
            what = "is not what the rounds before left"
            findings.problem("ledger", f"{path} of round {number}", what)


def _came_in(rounds: Rounds, opened: Entry) -> bool:
    """Whether the labels that a round starts from are those left to it and some that came in."""
    standing = state.standing_rounds(rounds.entries[: opened.seq])
    return bool(standing) and imported.only_adds(
        rounds.table(standing[-1], at.LABELS), rounds.table(opened.round, at.BASE_LABELS)
    )


def _check_decisions(rounds: Rounds, number: int, findings: Findings) -> None:
    """Compare the digests in the query decisions with the model and the pool."""
    files = rounds.files(number)
    found = rounds.table(number, at.DECISIONS, columns=["model_digest", "pool_digest"])
    fitted = rounds.json(number, at.QUERY_CARD)["fitted"]
    expected = {
        "model_digest": files[at.QUERY_MODEL].sha256 if fitted else "",
        "pool_digest": files[at.POOL].sha256,
    }
    for column, digest in expected.items():
        if not (found[column] == digest).all():
            what = f"names another {column.removesuffix('_digest')} than the round had"
            findings.problem("data", f"{at.DECISIONS} of round {number}", what)
