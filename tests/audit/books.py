"""Ledgers and stores made by hand, for what a whole campaign would show too seldom."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import campaign as at
from tasks.audit.rounds import Rounds
from tasks.campaign import Campaign
from tasks.domain import digests, tables
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import CampaignError

TABLES = {
    at.ANSWERS: tables.ANSWERS,
    at.QUARANTINE: tables.QUARANTINE,
    at.SENT: tables.SENT,
    at.LABELS: tables.LABELS,
    at.DECISIONS: tables.DECISIONS,
}


class Shelf:
    """A store in memory."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def put(self, content: bytes) -> dict[str, Any]:
        digest = digests.of_bytes(content)
        self.known[digest.md5] = content
        return digest.to_body()

    def fetch(self, md5: str) -> bytes:
        if md5 not in self.known:
            raise CampaignError("is nowhere")
        return self.known[md5]


class Book:
    """A ledger in memory."""

    def __init__(self, root: Path) -> None:
        self.root, self.shelf, self.entries = root, Shelf(), list[Entry]()

    def say(self, round_number: int, kind: str, body: Mapping[str, Any]) -> Entry:
        prev = self.entries[-1].digest if self.entries else GENESIS
        at_ = f"2026-01-01T00:00:{len(self.entries):02d}+00:00"
        entry = Entry(len(self.entries), prev, at_, round_number, kind, body)
        self.entries.append(entry)
        return entry

    def stage(self, round_number: int, name: str, outputs: Mapping[str, bytes]) -> Entry:
        written = {path: self.shelf.put(content) for path, content in outputs.items()}
        return self.say(round_number, "stage", {"stage": name, "inputs": {}, "outputs": written})

    def table(self, path: str, rows: list[dict[str, Any]]) -> bytes:
        """Spell rows as the table that lies at a path; what is left out is null."""
        columns = TABLES[path].columns
        frame = pd.DataFrame([{**dict.fromkeys(columns), **row} for row in rows], columns=columns)
        tables.write(self.root / "written", frame, TABLES[path])
        return (self.root / "written").read_bytes()

    @property
    def rounds(self) -> Rounds:
        return Rounds(Campaign(self.root), self.entries, self.shelf)
