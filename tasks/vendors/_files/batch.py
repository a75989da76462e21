"""The folder of one batch.

::

    trees-0003/
    ├── to_label-001.csv        to fill in, here or as a copy under labelled
    ├── labelled/               CSV files that people put here
    ├── batch.json              what the batch is
    ├── cancelled.json, closed.json
    └── do-not-edit/
        ├── sent-001.json       what to_label-001.csv had when it was written
        ├── sent-001.done       that it was written: people may move it
        └── seen-00000001.json  what the first look has found
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tasks.domain.errors import BatchConflictError, VendorClosedError, VendorRefusedError
from tasks.domain.incoming import Receipt
from tasks.domain.outgoing import BatchSpec, VendorContext
from tasks.objects.folder import FolderObjects
from tasks.vendors._files import kept, writing
from tasks.vendors._files.answers import Reader
from tasks.vendors._files.cells import folded
from tasks.vendors._files.journal import LIMIT, Journal
from tasks.vendors._files.options import COLUMNS, Options
from tasks.vendors._files.reading import SAVE_AS, rows
from tasks.vendors._files.records import OfTask, Record, identity

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}")
OURS = "do-not-edit"
THEIRS = "labelled"
HOW_TO = "how to fill in.txt"
CSV = {".csv", ".tsv"}
NOT_CSV = {".xlsx", ".xls", ".xlsm", ".ods", ".numbers"}
# Spreadsheets lay locks and drafts beside the files that they have open.
READ_FROM = re.compile(rf"({THEIRS}/)?(?![.~])[^/]+")


class Batch:
    """What is in the folder of a batch, and how more comes in."""

    def __init__(
        self,
        name: str,
        root: Path,
        objects: FolderObjects,
        options: Options,
        context: VendorContext,
    ) -> None:
        if not NAME.fullmatch(name):
            raise VendorRefusedError(f"{name[:80]!r} is no name of a batch", where="files")
        self.name, self._root, self._objects = name, root, objects
        self._options, self._context = options, context
        self.journal = Journal(objects, f"{name}/{OURS}")
        self._chunks: list[Sequence[kept.Sent]] = []

    def ensure(self, spec: BatchSpec) -> None:
        """Make it; raises `BatchConflictError` if it is another."""
        self._refuse_titles(spec)
        campaign, plain = self._context.campaign, kept.spec_of(spec)
        if self._read("batch.json", kept.Made) is None:
            made = kept.Made(campaign=campaign, spec=plain, made=datetime.now(UTC))
            self._write("batch.json", made.content())
        there = self._made
        if (there.campaign, there.spec) != (campaign, plain):
            fix = "rename the campaign, or set vendor.options.folder to another folder"
            raise BatchConflictError("is another batch", where=self._where("batch.json"), fix=fix)
        if self._objects.head(f"{self.name}/{THEIRS}/{HOW_TO}") is None:
            self._write(f"{THEIRS}/{HOW_TO}", writing.how_to(spec.classes, self._options))

    def refuse_unless_there(self) -> None:
        """Raise a `VendorClosedError` if there is no such batch."""
        if not self._root.is_dir() or self._read("batch.json", kept.Made) is None:
            fix = "restore the folder if it was deleted"
            raise VendorClosedError("there is no such batch", where=self._where(""), fix=fix)

    def refuse_if_over(self) -> None:
        """Raise a `VendorClosedError` if nothing more can be sent."""
        for word in ("cancelled", "closed"):
            if self._read(f"{word}.json", kept.Ended) is not None:
                raise VendorClosedError(f"the batch was {word}", where=self._where(""))

    def mark(self, word: str) -> None:
        """Write down that it was cancelled or closed."""
        content = kept.Ended(at=datetime.now(UTC)).content()
        self._objects.put_new(f"{self.name}/{word}.json", content)

    @property
    def is_cancelled(self) -> bool:
        """Whether files are not looked at any more."""
        return self._read("cancelled.json", kept.Ended) is not None

    @property
    def made(self) -> datetime:
        """When it was made."""
        return self._made.made

    def sent(self) -> list[Sequence[kept.Sent]]:
        """Read the tasks of each file to fill in; those seen before are not read again."""
        while (chunk := self._read(self._next_chunk, kept.Chunk)) is not None:
            self._chunks.append(chunk.tasks)
        return self._chunks

    def send(self, tasks: Sequence[kept.Sent]) -> bool:
        """Take tasks as the next file's; False if another process took its number."""
        return self._write(self._next_chunk, kept.Chunk(tasks=tuple(tasks)).content())

    def publish(self) -> None:
        """Write the files to fill in of all that was taken, once."""
        names = [name for name, _ in self._made.spec.fields]
        for number, chunk in enumerate(self.sent(), start=1):
            if not self._is_done(number):
                content = writing.to_label(chunk, names, self._options)
                self._write(f"to_label-{number:03d}.csv", content)
                self._objects.put_new(f"{self.name}/{OURS}/sent-{number:03d}.done", b"")

    def receipts(self) -> list[Receipt]:
        """List the tasks whose file was written."""
        return [
            Receipt(task.key, f"to_label-{number:03d}.csv:{writing.row_of(chunk, place)}")
            for number, chunk in enumerate(self.sent(), start=1)
            if self._is_done(number)
            for place, task in enumerate(chunk)
        ]

    def found(self) -> dict[str, Record]:
        """Read all files that people filled in."""
        keys = frozenset(task.key for chunk in self.sent() for task in chunk)
        reader = Reader(self.name, self._made.spec.classes, keys, self._options)
        limit = int(self._options.max_megabytes * (1 << 20))
        files = []
        for name in self._names():
            blob = self._objects.get(f"{self.name}/{name}", limit=limit)
            if blob is not None:
                found = rows(blob.content, self._where(name), self._options)
                files.append((name, blob.modified, found))
        return reader.records(files)

    def state(self) -> dict[str, Record]:
        """Say what the files say, as a look at them would find it; writes nothing."""
        state = self.journal.known()
        if not self.is_cancelled:
            state |= {identity(record): record for record in self.journal.news(self.found())}
        return {
            name: one for name, one in state.items() if isinstance(one, OfTask) or not one.mended
        }

    def _names(self) -> list[str]:
        """List the files to read: in the batch's folder, then under `THEIRS`."""
        here = self._root / self.name
        for path in sorted([*here.glob("*"), *(here / THEIRS).glob("*")]):
            if path.is_symlink():
                where = self._where(path.relative_to(here).as_posix())
                fix = "put the file itself there"
                raise VendorRefusedError("is a link to elsewhere", where=where, fix=fix)
        listed = [one.name.partition("/")[2] for one in self._objects.find(f"{self.name}/")]
        names = [name for name in listed if READ_FROM.fullmatch(name)]
        for name in names:
            if Path(name).suffix.lower() in NOT_CSV:
                raise VendorRefusedError("is not CSV", where=self._where(name), fix=SAVE_AS)
        return [name for name in names if Path(name).suffix.lower() in CSV]

    @property
    def _made(self) -> kept.Made:
        if (made := self._read("batch.json", kept.Made)) is None:
            raise VendorClosedError("there is no such batch", where=self._where(""))
        return made

    @property
    def _next_chunk(self) -> str:
        return f"{OURS}/sent-{len(self._chunks) + 1:03d}.json"

    def _is_done(self, number: int) -> bool:
        return self._objects.head(f"{self.name}/{OURS}/sent-{number:03d}.done") is not None

    def _read(self, name: str, form: type[kept.Form]) -> kept.Form | None:
        blob = self._objects.get(f"{self.name}/{name}", limit=LIMIT)
        return None if blob is None else kept.read(blob.content, form, self._where(name))

    def _write(self, name: str, content: bytes) -> bool:
        self._context.outgoing(f"write {self.name}/{name}", content)
        return self._objects.put_new(f"{self.name}/{name}", content)

    def _where(self, name: str) -> str:
        return str(Path(self._root.name, self.name, name))

    def _refuse_titles(self, spec: BatchSpec) -> None:
        ours = {folded(self._options.title(name)) for name in (*COLUMNS, *self._options.columns)}
        for name in spec.fields:
            if folded(name) in ours:
                what = f"field {name!r} has the title of a column of labelloop's own"
                fix = "give that one another title in vendor.options.columns"
                raise VendorRefusedError(what, where="vendor.send", fix=fix)
