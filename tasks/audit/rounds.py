"""What the ledger says of each round, and the bytes that the round left."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import digests, parquet, state
from tasks.domain.digests import Digest
from tasks.domain.entries import Entry
from tasks.domain.errors import DataError, NotHereError
from tasks.domain.strict_json import json_of
from tasks.versions import git

Row = dict[str, Any]


class Store(Protocol):
    """Where the bytes of any round are found by their MD5."""

    def fetch(self, md5: str) -> bytes:
        """Read them; raises `tasks.domain.errors.CampaignError` if they are nowhere."""
        ...


class Rounds:
    """A campaign's rounds as its ledger has them.

    Parameters
    ----------
    campaign : Campaign
    entries : sequence of Entry
        The whole ledger.
    store : Store
        Asked for what is no longer in the work tree.
    lacking : frozenset of str
        Tags that this clone does not have, and need not have.
    """

    def __init__(
        self,
        campaign: Campaign,
        entries: Sequence[Entry],
        store: Store,
        lacking: frozenset[str] = frozenset(),
    ) -> None:
        self.campaign, self.entries, self.store = campaign, tuple(entries), store
        self.lacking = lacking
        self._of_round: dict[int, list[Entry]] = {}
        for entry in self.entries:
            self._of_round.setdefault(entry.round, []).append(entry)
        self._files: dict[int, dict[str, Digest]] = {}

    @property
    def numbers(self) -> list[int]:
        """The rounds that were opened, in order."""
        return sorted({entry.round for entry in state.of_kind(self.entries, "round_opened")})

    @property
    def closed(self) -> list[int]:
        """The rounds that are finished, in order, those that were undone among them."""
        return state.closed_rounds(self.entries)

    @property
    def undone(self) -> Mapping[int, Mapping[str, Any]]:
        """The rounds that were thrown away, and what was said of each."""
        return state.undone_rounds(self.entries)

    @property
    def believed(self) -> list[int]:
        """The rounds that were opened and not undone, in order."""
        return [number for number in self.numbers if number not in self.undone]

    def body(self, number: int, kind: str) -> Mapping[str, Any] | None:
        """Give what the newest entry of a kind says of a round."""
        found = [entry for entry in self._of_round.get(number, ()) if entry.kind == kind]
        return found[-1].body if found else None

    def stage(self, number: int, name: str) -> Entry | None:
        """Find the entry of a stage whose outputs the round was left with.

        A stage that was done again because its inputs changed has several. The one that counts is
        the newest whose outputs are those of the snapshot, or, while the round is open, those on
        disk; failing that, the newest.
        """
        found = [entry for entry in self._stages(number) if entry.body["stage"] == name][::-1]
        if len(found) < 2:
            return found[0] if found else None
        return next((entry for entry in found if self._stands(number, entry)), found[0])

    def stages(self, number: int) -> list[Entry]:
        """List the entries that count, one for each stage, in the order of the stages."""
        names = dict.fromkeys(entry.body["stage"] for entry in self._stages(number))
        return [entry for name in names if (entry := self.stage(number, name))]

    def files(self, number: int) -> dict[str, Digest]:
        """Give all files that the ledger says a round has: of its stages and its snapshot."""
        if number not in self._files:
            written = {k: of for one in self.stages(number) for k, of in outputs(one).items()}
            sealed = (self.body(number, "snapshot") or {"files": {}})["files"]
            files = {path: Digest(**of) for path, of in {**written, **sealed}.items()}
            self._files[number] = files
        return self._files[number]

    def content(self, number: int, path: str) -> bytes:
        """Read a file as a round left it, from the work tree, git, DVC's cache or its remote.

        Raises
        ------
        CampaignError
            It is nowhere; a `NotHereError` if this clone need not have it.
        DataError
            The ledger has no such file, or what was found is not that file.
        """
        where = f"{path} of round {number}"
        digest = self.files(number).get(path)
        if digest is None:
            raise DataError("is not in the ledger", where=where)
        content = self._here(path, digest)
        if content is None:
            content = self._away(number, path, digest)
        if digests.of_bytes(content) != digest:
            fix = "run `labelloop audit`"
            raise DataError("is not the file that the ledger knows", where=where, fix=fix)
        return content

    def json(self, number: int, path: str) -> Any:
        """Read a JSON file, as `content`."""
        return json_of(self.content(number, path), f"{path} of round {number}")

    def table(
        self, number: int, path: str, columns: Sequence[str] | None = None, **only: Iterable[str]
    ) -> pd.DataFrame:
        """Read some rows and columns of a table, as `content`.

        Parameters
        ----------
        **only
            A column, and the values that rows must have in it.
        """
        wanted = None if columns is None else list(dict.fromkeys([*columns, *only]))
        where = f"{path} of round {number}"
        table = parquet.read_bytes(self.content(number, path), where, wanted)
        for name, values in only.items():
            table = table.filter(_among(table[name], values, where))
        return pd.DataFrame(table.select(columns or table.column_names).to_pandas())

    def _stages(self, number: int) -> Iterator[Entry]:
        return (entry for entry in self._of_round.get(number, ()) if entry.kind == "stage")

    def _stands(self, number: int, entry: Entry) -> bool:
        sealed = self.body(number, "snapshot")
        if sealed is None:
            return all(self._is_here(path, Digest(**of)) for path, of in outputs(entry).items())
        return all(sealed["files"].get(path, of) == of for path, of in outputs(entry).items())

    def _is_here(self, path: str, digest: Digest) -> bool:
        here = self.campaign.path(path)
        return here.exists() and digests.of_file(here) == digest

    def _here(self, path: str, digest: Digest) -> bytes | None:
        here = self.campaign.path(path)
        if not here.is_file() or here.stat().st_size != digest.size:
            return None
        content = here.read_bytes()
        return content if digests.of_bytes(content) == digest else None

    def _away(self, number: int, path: str, digest: Digest) -> bytes:
        closed = self.body(number, "snapshot")
        if closed and not path.startswith(at.KEPT_BY_DVC):
            if closed["tag"] in self.lacking:
                what = "what git kept of it is not in this clone"
                raise NotHereError(what, where=f"round {number}")
            return git.read(self.campaign.root, closed["tag"], path)
        return self.store.fetch(digest.md5)


def outputs(entry: Entry) -> Mapping[str, Any]:
    """Give the digests of what a stage wrote, by path."""
    found: Mapping[str, Any] = entry.body["outputs"]
    return found


def records(frame: pd.DataFrame) -> list[Row]:
    """Give a frame's rows as plain values, with None for NaN, which JSON does not know."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _among(column: pa.ChunkedArray, values: Iterable[str], where: str) -> pa.ChunkedArray:
    try:
        return pc.is_in(column, pa.array(sorted(values), pa.string()))
    except pa.ArrowException as error:
        raise DataError(f"cannot be read ({error})", where=where) from None
