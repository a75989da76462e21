"""A ledger in an S3 bucket, for campaigns that several machines run."""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from tasks.domain import crash
from tasks.domain.entries import Entry
from tasks.domain.errors import EntryExistsError, LedgerError
from tasks.ledger._chain import (
    NAME,
    ChainedLedger,
    name_of,
    refuse_no_digest,
    refuse_other,
    refuse_unchained,
)
from tasks.ledger._folder import EntryFolder
from tasks.ledger.reading import parse


class S3Ledger(ChainedLedger):
    """The append-only list of facts, as objects that the store creates only once.

    Entry n is ``<url>/ledger/<n>.json``, written with ``If-None-Match: *``; bytes that entries name
    are ``<url>/kept/<sha256>``. A folder mirrors the entries, so that each is fetched once. The
    store has the truth: the mirror is brought up to date when entries are first asked for, by
    `refresh`, and after a lost race; between these, what other machines write is not seen. Whoever
    decides by old entries is refused when it appends.

    Parameters
    ----------
    url : str
        ``s3://bucket/prefix``.
    mirror : Path
        A folder of entries that belongs to this machine alone.
    only_read : bool
        Write nothing, not even into the mirror.
    endpoint : str, optional
        The address of a store that is not AWS. If not told, what boto3 finds by itself, as it does
        with credentials and region.
    """

    def __init__(
        self, url: str, mirror: Path, endpoint: str | None = None, *, only_read: bool = False
    ) -> None:
        # It imports boto3, which campaigns on one machine need not wait for.
        from tasks.ledger._s3_store import S3Store

        self._store = S3Store(url, endpoint)
        self.where = self._store.where("ledger")
        fix = f"delete the later ones too: they are read again from {self.where}"
        self._mirror = EntryFolder(mirror, fix)
        self._only_read = only_read
        self._known: tuple[Entry, ...] | None = None

    def entries(self) -> tuple[Entry, ...]:
        """Give all entries as of the last look at the store, oldest first; raises as `refresh`."""
        return self.refresh() if self._known is None else self._known

    def refresh(self) -> tuple[Entry, ...]:
        """Look at the store, and bring the mirror up to date: two requests, and one per new entry.

        Raises
        ------
        LedgerError
            An entry is missing, unreadable or not chained to the one before; the mirror says
            something else than the store; the store cannot be reached.
        CampaignError
            There are no credentials or no bucket, or the store does not let us.
        """
        mirrored = self._mirror.read()
        content = self._since(len(mirrored) - 1)
        if mirrored and content.pop(mirrored[-1].seq, None) != mirrored[-1].content:
            self._refuse_mirror(mirrored[-1].seq)
        self._known = (*mirrored, *self._chained(mirrored, content.values()))
        if not self._only_read:
            for entry in self._known[len(mirrored) :]:
                self._copy(entry)
        return self._known

    def contents(self) -> dict[str, bytes]:
        """Read what the store has as entries, unchecked and past the mirror, by file name.

        Raises
        ------
        LedgerError, CampaignError
            The store cannot be reached or does not let us.
        """
        names = [name for name in self._store.names("ledger", "") if NAME.fullmatch(name)]
        contents = self._read([int(name[:8]) for name in names])
        return dict(zip(names, contents, strict=True))

    def refuse_unfit(self) -> None:
        """Raise a `CampaignError` if the store cannot hold a ledger."""
        self._store.refuse_overwriting()

    def keep(self, content: bytes) -> str:
        """Keep bytes that an entry is about to name; give their SHA-256."""
        self._store.refuse_overwriting()
        sha256 = hashlib.sha256(content).hexdigest()
        with crash.guarded(f"keep:{sha256[:8]}"):
            self._store.put(f"kept/{sha256}", content)
        return sha256

    def kept(self, sha256: str) -> bytes | None:
        """Read bytes that were kept; None if they are not here any more.

        Raises
        ------
        LedgerError
            Other bytes are there under that name.
        """
        refuse_no_digest(sha256)
        content = self._store.get(name := f"kept/{sha256}")
        return None if content is None else refuse_other(content, sha256, self._store.where(name))

    def _create(self, entry: Entry) -> None:
        self._store.refuse_overwriting()
        name = f"ledger/{name_of(entry.seq)}"
        if not self._store.put_new(name, entry.content):
            self.refresh()
            raise EntryExistsError("was written by another process", where=self._store.where(name))
        self._known = (*self.entries(), entry)
        self._copy(entry)

    def _since(self, seq: int) -> dict[int, bytes]:
        """Read the entries from one on, and refuse a gap among them."""
        start = max(seq, 0)
        after = name_of(start - 1) if start else ""
        listed = self._store.names("ledger", after)
        places = [int(name[:8]) for name in listed if NAME.fullmatch(name)]
        if seq >= 0 and (not places or places[0] != seq):
            self._refuse_mirror(seq)
        for expected, place in enumerate(places, start):
            if place != expected:
                self._refuse_gap(expected)
        return dict(zip(places, self._read(places), strict=True))

    def _read(self, places: Sequence[int]) -> list[bytes]:
        from tasks.objects.client import CONNECTIONS

        names = [f"ledger/{name_of(place)}" for place in places]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            found = list(pool.map(self._store.get, names))
        contents = [content for content in found if content is not None]
        if len(contents) < len(found):
            self._refuse_gap(places[found.index(None)])
        return contents

    def _chained(self, known: Sequence[Entry], contents: Iterable[bytes]) -> list[Entry]:
        before, new = known[-1] if known else None, []
        for content in contents:
            where = self._store.where(f"ledger/{name_of(before.seq + 1 if before else 0)}")
            entry = parse(content, where)
            refuse_unchained(entry, before, where)
            new.append(before := entry)
        return new

    def _copy(self, entry: Entry) -> None:
        try:
            self._mirror.create(entry)
        except EntryExistsError:
            # Another process of this machine has just read the same.
            if self._mirror.path(entry.seq).read_bytes() != entry.content:
                self._refuse_mirror(entry.seq)

    def _refuse_mirror(self, seq: int) -> NoReturn:
        what = f"differs from the ledger in {self.where}"
        fix = "run `labelloop audit`; what the store has is read again where the folder has nothing"
        raise LedgerError(what, where=self._mirror.where(seq), fix=fix)

    def _refuse_gap(self, seq: int) -> NoReturn:
        where = self._store.where(f"ledger/{name_of(seq)}")
        fix = "restore it from a copy"
        raise LedgerError("is missing, while later entries are there", where=where, fix=fix)
