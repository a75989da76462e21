"""What each look at the files has found that was new: numbered, and never written again.

An answer's revision is the number of the look that found it. So it grows with every change,
whatever a file's time says, and is the same for every process that reads the folder.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tasks.domain.errors import VendorRefusedError
from tasks.domain.files import pretty_json
from tasks.objects.folder import FolderObjects
from tasks.vendors._files.records import Answer, BadRow, OfTask, Record, identity

LIMIT = 1 << 30
RECORDS: TypeAdapter[list[Record]] = TypeAdapter(list[Record])


class Journal:
    """The looks at one batch."""

    def __init__(self, objects: FolderObjects, folder: str) -> None:
        self._objects, self._folder = objects, folder
        self._looks: list[list[Record]] = []
        self._known: dict[str, Record] = {}

    def looks(self) -> list[list[Record]]:
        """Read what every look has found, oldest first; those seen before are not read again."""
        while (
            blob := self._objects.get(self._name(len(self._looks) + 1), limit=LIMIT)
        ) is not None:
            try:
                look = RECORDS.validate_json(blob.content)
            except ValidationError:
                where = f"{self._objects.url}/{self._name(len(self._looks) + 1)}"
                fix = "restore it from a backup"
                raise VendorRefusedError("was changed by somebody", where=where, fix=fix) from None
            self._looks.append(look)
            self._known |= {identity(record): record for record in look}
        return self._looks

    def known(self) -> dict[str, Record]:
        """Give the newest record of everything that was ever found."""
        self.looks()
        return dict(self._known)

    def news(self, state: Mapping[str, Record]) -> list[Record]:
        """Say what of a state no look has found yet, with the next look's revision."""
        known, revision = self.known(), len(self._looks) + 1
        gone = {name: _emptied(record) for name, record in known.items() if name not in state}
        found = {**state, **gone}
        told = [_told(found[name], known.get(name), revision) for name in sorted(found)]
        return [record for record in told if record is not None]

    def add(self, news: list[Record]) -> bool:
        """Write the next look; False if another process did it first."""
        plain: list[Any] = [record.model_dump(mode="json") for record in news]
        name = self._name(len(self._looks) + 1)
        return self._objects.put_new(name, pretty_json(plain).encode())

    def _name(self, number: int) -> str:
        return f"{self._folder}/seen-{number:08d}.json"


def _told(now: Record, before: Record | None, revision: int) -> Record | None:
    if isinstance(now, BadRow):
        told = isinstance(before, BadRow) and before.mended == now.mended
        return None if told else now.model_copy(update={"look": revision})
    old = {one.annotator: one for one in before.answers} if isinstance(before, OfTask) else {}
    answers = tuple(_kept(one, old.get(one.annotator), revision) for one in now.answers)
    if before is not None and list(old.values()) == list(answers):
        return None
    return now.model_copy(update={"answers": answers})


def _emptied(record: Record) -> Record:
    """Give what a record is when its rows are no longer there."""
    change = {"answers": ()} if isinstance(record, OfTask) else {"mended": True}
    return record.model_copy(update=change)


def _kept(now: Answer, before: Answer | None, revision: int) -> Answer:
    if before is not None and before.meaning == now.meaning:
        return before
    return now.model_copy(update={"revision": revision})
