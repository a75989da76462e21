"""A batch's own files in the bucket: what it is, whether it is over, and its manifests.

Manifests are numbered from 0, and number n is written once, by whoever is first, after he has read
all before it. So no key is ever in two of them, whoever sends what at the same time.
"""

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from tasks.domain.errors import BatchDeletedError, VendorClosedError, VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.outgoing import BatchSpec, FieldKind, Outgoing
from tasks.objects.store import Objects
from tasks.vendors._ground_truth import manifest as manifests
from tasks.vendors._ground_truth.manifest import Manifest
from tasks.vendors._ground_truth.names import MANIFEST, Place

BATCH, CLOSED, CANCELLED = "batch.json", "closed.json", "cancelled.json"
MOST = 100_000
"""Manifests of one batch: their numbers have five digits."""


class Batch:
    """One batch in the bucket.

    Attributes
    ----------
    created : str
        When it was made, by the bucket's clock: ISO 8601; empty before `refuse_deleted`.
    """

    def __init__(self, objects: Objects, place: Place, outgoing: Outgoing) -> None:
        self._objects, self.place, self._outgoing = objects, place, outgoing
        self._manifests: list[Manifest] = []
        self.created = ""

    def describe(self, spec: BatchSpec, campaign: str) -> bool:
        """Write down what it is; False if it is there and is another one."""
        content = _described(spec, campaign)
        if self.write(BATCH, content):
            return True
        there = self._objects.get(self.place.name(BATCH))
        return there is not None and there.content == content

    def write(self, name: str, content: bytes) -> bool:
        """Write one of its files unless it is there; say whether it was not."""
        self._outgoing(f"PUT {self.place.uri(name)}", content)
        return self._objects.put_new(self.place.name(name), content)

    def refuse_deleted(self) -> None:
        """Raise a `BatchDeletedError` if somebody has deleted it."""
        info = self._objects.head(self.place.name(BATCH))
        if info is None:
            raise BatchDeletedError("the batch is not there any more", where=self.place.uri(""))
        self.created = info.modified

    def refuse_ended(self) -> None:
        """Raise a `VendorClosedError` if it was closed, cancelled or deleted."""
        self.refuse_deleted()
        for name, how in ((CLOSED, "closed"), (CANCELLED, "cancelled")):
            if self.has(name):
                raise VendorClosedError(f"the batch was {how}", where=self.place.uri(name))

    def has(self, name: str) -> bool:
        """Whether one of its files is there."""
        return self._objects.head(self.place.name(name)) is not None

    @cached_property
    def fields(self) -> dict[str, FieldKind]:
        """What its tasks show."""
        blob = self._objects.get(self.place.name(BATCH))
        try:
            told = json.loads(blob.content if blob else b"{}")["fields"]
            fields: dict[str, FieldKind] = {str(name): kind for name, kind in told}
        except (ValueError, KeyError, TypeError):
            what, where = "says no fields any more", self.place.uri(BATCH)
            raise VendorRefusedError(what, where=where, fix="restore it") from None
        return fields

    def job(self, manifest: Manifest) -> str:
        """Name the job of one of its manifests."""
        return self.place.job(manifest.number, manifest.digest)

    def manifests(self) -> list[Manifest]:
        """Read all its manifests; those that were read before are not read again."""
        names = {
            int(match[1]): info.name
            for info in self._objects.find(self.place.name("manifests/"))
            if (match := MANIFEST.fullmatch(info.name.removeprefix(self.place.name(""))))
        }
        while (number := len(self._manifests)) in names:
            blob = self._objects.get(names[number])
            if blob is None:
                break
            where = self.place.uri(self.place.manifest(number))
            self._manifests.append(manifests.read(number, blob.content, where))
        return list(self._manifests)

    def add(self, lines: Iterable[str]) -> bool:
        """Write the next manifest; False if another has written one meanwhile."""
        number = len(self._manifests)
        if number >= MOST:
            raise VendorRefusedError("it has too many manifests", where=self.place.uri(""))
        content = "".join(f"{line}\n" for line in lines).encode()
        if not self.write(self.place.manifest(number), content):
            return False
        where = self.place.uri(self.place.manifest(number))
        self._manifests.append(manifests.read(number, content, where))
        return True


def _described(spec: BatchSpec, campaign: str) -> bytes:
    told: dict[str, Any] = {
        "campaign": campaign,
        "classes": list(spec.classes),
        "copies": spec.copies,
        # A list, since the order of fields is that in which they are shown.
        "fields": [[name, kind] for name, kind in spec.fields.items()],
        "name": spec.name,
        "prelabels": spec.prelabels,
        "tasks": spec.tasks,
    }
    return canonical_json(told).encode()
