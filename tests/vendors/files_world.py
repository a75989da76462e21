"""People with a spreadsheet: each has a file of their own under ``labelled``."""

import csv
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts.exemptions import EXEMPT
from labelloop_contracts.world import CAMPAIGN, CLASSES, PRICE, CannotHappenError, World

from tasks import registry
from tasks.domain.outgoing import Outgoing, Reference, VendorContext
from tasks.trust import confirmed

NOON = 1_790_000_000


class FilesWorld(World):
    """A campaign's folder, and people who read and write CSV without labelloop's help."""

    exempt = EXEMPT["files"]

    def __init__(self, place: Path, **options: Any) -> None:
        self.vendor = registry.build("vendors", "files", options)
        self._home = place / "campaign" / ".labelloop"
        self._home.mkdir(parents=True, exist_ok=True)
        confirmed.add(self.vendor.needs(), self._home.parent)
        self._instant: float | None = None

    def connect(self, outgoing: Outgoing | None = None):
        more = {} if outgoing is None else {"outgoing": outgoing}
        truth = self._home / "truth.parquet"
        context = VendorContext(CAMPAIGN, CLASSES, PRICE, 11, self._home, truth, **more)
        return self.vendor.connect(context)

    def folder(self, reference: Reference) -> Path:
        return self._home / "files" / reference["batch"]

    def answer(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        rows = self._rows(reference, annotator)
        if key in {row[0] for row in rows}:
            raise CannotHappenError
        self._save(reference, annotator, [*rows, [key, label, annotator]])

    def edit(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        rows = self._rows(reference, annotator)
        changed = [[key, label, annotator] if row[0] == key else row for row in rows]
        self._save(reference, annotator, changed)

    def delete(self, reference: Reference, key: str, annotator: str) -> None:
        rows = [row for row in self._rows(reference, annotator) if row[0] != key]
        self._save(reference, annotator, rows)

    def skip(self, reference: Reference, key: str, annotator: str) -> None:
        self.answer(reference, key, annotator, "?")

    def pass_time(self) -> None:
        """Do nothing: what is in a file is there."""

    @contextmanager
    def same_instant(self) -> Iterator[None]:
        self._instant = NOON
        yield
        self._instant = None

    def add_foreign_task(self, reference: Reference) -> None:
        self.answer(reference, "not-ours", "stranger", "ash")

    def duplicate_task(self, reference: Reference, key: str) -> None:
        (path,) = self.folder(reference).glob("to_label-*.csv")
        text = path.read_text(encoding="utf-8-sig")
        again = next(line for line in text.splitlines(keepends=True) if key in line)
        path.write_text(text + again, encoding="utf-8-sig")

    def reuse_ids(self, reference: Reference) -> None:
        """Do nothing: files and rows have the same names and numbers in all batches."""

    def delete_batch(self, reference: Reference) -> None:
        shutil.rmtree(self.folder(reference))

    def unacceptable(self) -> Mapping[str, Any]:
        return {"note": "long " * 10_000, "height": 1}

    def count_tasks(self, reference: Reference) -> int:
        return sum(row["copy"] == "1" for row in self._sent(reference))

    def payload(self, reference: Reference, key: str) -> Mapping[str, Any]:
        row = next(row for row in self._sent(reference) if row["key"] == key)
        return {"note": row["note"], "height": json.loads(row["height"])}

    def count_writes(self) -> int:
        return sum(path.is_file() for path in self._home.rglob("*"))

    def stored(self) -> bytes:
        files = sorted(path for path in self._home.rglob("*") if path.is_file())
        return b"\n".join(path.read_bytes() for path in files)

    def _sent(self, reference: Reference) -> Iterator[dict[str, str]]:
        for path in sorted(self.folder(reference).glob("to_label-*.csv")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from csv.DictReader(file)

    def _path(self, reference: Reference, annotator: str) -> Path:
        return self.folder(reference) / "labelled" / f"{annotator}.csv"

    def _rows(self, reference: Reference, annotator: str) -> list[list[str]]:
        path = self._path(reference, annotator)
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))[1:]

    def _save(self, reference: Reference, annotator: str, rows: list[list[str]]) -> None:
        path = self._path(reference, annotator)
        draft = path.with_name(f".~{path.name}")
        with draft.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["key", "label", "annotator"], *rows])
        if self._instant is not None:
            os.utime(draft, (self._instant, self._instant))
        draft.replace(path)
