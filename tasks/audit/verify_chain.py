"""Whether the ledger is the list of facts that was written, by its hashes and by git's copies.

A chain of hashes cannot vouch for its last entry, nor against somebody who writes it anew from some
entry on. git's copies can: every tag holds the ledger as it was, and later ones must begin with it.
"""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from tasks import campaign as at
from tasks.audit.findings import Findings
from tasks.campaign import Campaign
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import LabelloopError, LedgerError
from tasks.ledger.opening import open_ledger
from tasks.ledger.reading import parse
from tasks.ledger.s3 import S3Ledger
from tasks.params import StorageParams
from tasks.versions import git

NAME = re.compile(r"\d{8}\.json")
UNFINISHED = re.compile(r"\..*\.tmp")
"""What a process that was killed while it wrote an entry leaves behind; it is no entry."""


@dataclass(frozen=True)
class Copy:
    """An entry as git has it.

    Attributes
    ----------
    revision : str
        The first tag that has it, or HEAD.
    blob : str
        Its address in git.
    """

    revision: str
    blob: str


@dataclass
class Chain:
    """A ledger as it was found.

    Attributes
    ----------
    count : int
        Files of entries.
    head : str
        SHA-256 of the last one.
    entries : list of Entry
        What can be believed: an entry that is damaged or missing is git's copy of it.
    """

    count: int = 0
    head: str = GENESIS
    entries: list[Entry] = field(default_factory=list)


def check(campaign: Campaign, storage: StorageParams, findings: Findings) -> Chain:
    """Read every entry, and compare it with its neighbours and with git."""
    found = _found(campaign, storage, findings)
    copies: dict[str, Copy] = {}
    with findings.guarded("git", "git"):
        copies = _copies(campaign.root, findings)
    names = [f"{seq:08d}.json" for seq in range(_length(found, copies))]
    contents = [
        _believed(campaign, name, found.get(name), copies.get(name), findings) for name in names
    ]
    head = hashlib.sha256(found[max(found)]).hexdigest() if found else GENESIS
    chain = Chain(len(found), head, _entries(names, contents, findings))
    _check_links(contents, findings)
    return chain


def _found(campaign: Campaign, storage: StorageParams, findings: Findings) -> dict[str, bytes]:
    """Read the entries from where they are the truth: the campaign's folder, or its bucket."""
    here = {path.name: path.read_bytes() for path in _files(campaign.path(at.LEDGER), findings)}
    ledger = open_ledger(campaign, storage, only_read=True)
    if not isinstance(ledger, S3Ledger):
        return here
    try:
        stored = ledger.contents()
    except LabelloopError as error:
        findings.skip(f"the ledger in its bucket, so this clone's copy was read: {error}")
        return here
    for name, content in sorted(here.items()):
        if stored.get(name) != content:
            what = f"is not the entry in {ledger.where}: one of the two was changed"
            findings.problem("ledger", f"{at.LEDGER}/{name}", what)
    return stored


def _files(folder: Path, findings: Findings) -> list[Path]:
    if not folder.is_dir():
        return []
    for path in sorted(folder.iterdir()):
        if not NAME.fullmatch(path.name) and not UNFINISHED.fullmatch(path.name):
            findings.problem("ledger", f"{at.LEDGER}/{path.name}", "does not belong in the ledger")
    return [path for path in folder.iterdir() if NAME.fullmatch(path.name)]


def _length(found: dict[str, bytes], copies: dict[str, Copy]) -> int:
    return max((int(name[:8]) + 1 for name in [*found, *copies]), default=0)


def _copies(root: Path, findings: Findings) -> dict[str, Copy]:
    copies: dict[str, Copy] = {}
    tags = sorted(tag for tag in git.tags(root) if re.fullmatch(r"round-\d{4,}", tag))
    for revision in [*tags, "HEAD"]:
        blobs = git.blobs(root, revision, at.LEDGER)
        for path, blob in blobs.items():
            first = copies.setdefault(Path(path).name, Copy(revision, blob))
            if first.blob != blob:
                what = f"is another entry at {revision} than at {first.revision}"
                findings.problem("ledger", path, what)
        for name in sorted(copies.keys() - {Path(path).name for path in blobs}):
            what = f"is in git at {copies[name].revision}, but no longer at {revision}"
            findings.problem("ledger", f"{at.LEDGER}/{name}", what)
    return copies


def _believed(
    campaign: Campaign, name: str, content: bytes | None, copy: Copy | None, findings: Findings
) -> bytes | None:
    where = f"{at.LEDGER}/{name}"
    if content is not None and (copy is None or _blob(content, copy.blob) == copy.blob):
        return content
    if copy is None:
        findings.problem("ledger", where, "is missing, while later entries are there")
        return None
    since = f"git has kept since {copy.revision}" if copy.revision != "HEAD" else "git has"
    how = "is missing, though it is one that" if content is None else "is not the entry that"
    findings.problem("ledger", where, f"{how} {since}")
    return git.read(campaign.root, copy.revision, where)


def _blob(content: bytes, like: str) -> str:
    algorithm = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return algorithm(b"blob %d\0" % len(content) + content).hexdigest()


def _check_links(contents: list[bytes | None], findings: Findings) -> None:
    """Compare each entry's hash of the one before; name the one of the two that was changed."""
    for seq, content in enumerate(contents):
        before = contents[seq - 1] if seq else b""
        if content is None or before is None or _follows(content, before):
            continue
        after = contents[seq + 1] if seq + 1 < len(contents) else None
        if seq and after and _follows(after, content):
            what = "is not the entry that the one after it follows: it was changed"
            findings.problem("ledger", f"{at.LEDGER}/{seq - 1:08d}.json", what)
        else:
            what = "does not follow the entry before it: one of the two was changed"
            findings.problem("ledger", f"{at.LEDGER}/{seq:08d}.json", what)


def _follows(content: bytes, before: bytes) -> bool:
    expected = hashlib.sha256(before).hexdigest() if before else GENESIS
    # The body, which may hold anything, stands before it.
    found = re.findall(rb'"prev":"([0-9a-f]{64})"', content)
    return bool(found) and found[-1].decode() == expected


def _entries(names: list[str], contents: list[bytes | None], findings: Findings) -> list[Entry]:
    entries = []
    for seq, (name, content) in enumerate(zip(names, contents, strict=True)):
        with findings.guarded("ledger", f"{at.LEDGER}/{name}"):
            if content is not None:
                entries.append(_entry(name, seq, content))
    return entries


def _entry(name: str, seq: int, content: bytes) -> Entry:
    where = f"{at.LEDGER}/{name}"
    entry = parse(content, where)
    if entry.seq != seq:
        raise LedgerError(f"says that it is entry {entry.seq}", where=where)
    return entry
