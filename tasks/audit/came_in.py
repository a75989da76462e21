"""What came into a campaign after it was made, as its rounds have it."""

import pandas as pd

from tasks.audit.rounds import Rounds
from tasks.domain import digests, intake, parquet, tables
from tasks.domain.digests import Digest
from tasks.domain.entries import Entry
from tasks.domain.errors import DataError
from tasks.ingest.source import open_source


def content(rounds: Rounds, path: str, digest: Digest) -> bytes:
    """Read a file that came in, from the work tree, DVC's cache or its remote.

    Raises
    ------
    CampaignError
        It is nowhere.
    DataError
        What was found is not that file.
    """
    here = rounds.campaign.path(path)
    if here.is_file() and digests.of_file(here) == digest:
        return here.read_bytes()
    found = rounds.store.fetch(digest.md5)
    if digests.of_bytes(found) != digest:
        fix = "run `labelloop audit`"
        raise DataError("is not the file that the ledger knows", where=path, fix=fix)
    return found


def labels(rounds: Rounds, number: int | None = None) -> pd.DataFrame:
    """Read all labels that were imported, or those that a round counts.

    Returns
    -------
    DataFrame
        `tasks.domain.tables.IMPORTED` and ``counts_from``, the first round that counts them, which
        is missing while none does.
    """
    parts = []
    for entry in intake.arrivals(rounds.entries):
        first = intake.first_round(rounds.entries, entry.body["path"])
        counts = number is None or (first is not None and first <= number)
        if entry.kind == intake.IMPORTED and counts:
            parts.append(_table(rounds, entry).assign(counts_from=first))
    if not parts:
        return tables.IMPORTED.empty().assign(counts_from=pd.array([], dtype="Int64"))
    return pd.concat(parts, ignore_index=True).astype({"counts_from": "Int64"})


def is_waiting(rounds: Rounds, item_id: str) -> bool:
    """Whether an item was added, and no round that is open or closed counts it yet."""
    root = rounds.campaign.root
    for entry in intake.waiting(rounds.entries):
        if entry.kind == intake.ADDED and rounds.campaign.path(entry.body["path"]).exists():
            id_column = rounds.campaign.params().pool.id
            items = open_source(entry.body["path"], root).table(id=id_column)
            if item_id in items[id_column].to_pylist():
                return True
    return False


def _table(rounds: Rounds, entry: Entry) -> pd.DataFrame:
    path = entry.body["path"]
    found = content(rounds, path, Digest(**entry.body["files"][path]))
    frame: pd.DataFrame = parquet.read_bytes(found, str(path)).to_pandas()
    return frame
