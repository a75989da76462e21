"""The answers of one job, as Ground Truth wrote them, made into records."""

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tasks.domain.errors import VendorRefusedError
from tasks.domain.files import canonical_json, make_folder, write_beside
from tasks.objects.store import Info, Objects
from tasks.vendors._ground_truth.manifest import Manifest
from tasks.vendors._ground_truth.names import RESPONSE, Place

LARGE = 4 << 20
"""Bytes of a file of answers that are read; a class and who chose it take 500."""
SHOWN = 2000
"""Characters kept of a file that cannot be understood."""
READERS = 8

Record = dict[str, Any]


class Answers:
    """Files of answers in the bucket; each is read once by one machine.

    Parameters
    ----------
    home : Path
        Where what was read is kept: Ground Truth never changes a file without changing its tag.
    """

    def __init__(self, objects: Objects, place: Place, home: Path) -> None:
        self._objects, self._place, self._home = objects, place, home / "ground-truth"

    def files(self, manifest: Manifest) -> dict[int, list[Info]]:
        """List the files of answers of a job, by the object's line in the manifest."""
        folder = self._folder(manifest)
        found: dict[int, list[Info]] = defaultdict(list)
        for info in self._objects.find(f"{folder}annotations/worker-response/"):
            match = RESPONSE.fullmatch(info.name.removeprefix(folder))
            if match and int(match[1]) < len(manifest.keys):
                found[int(match[1])].append(info)
        return dict(sorted(found.items()))

    def records(self, manifest: Manifest, files: Sequence[tuple[int, Info]]) -> list[Record]:
        """Read files, given with the line of their object; give one record for each answer."""
        with ThreadPoolExecutor(READERS) as readers:
            texts = list(readers.map(self._read, (info for _, info in files)))
        folder = self._folder(manifest)
        return [
            self._base(manifest, line) | {"file": info.name.removeprefix(folder)} | part
            for (line, info), text in zip(files, texts, strict=True)
            if text is not None
            for part in _parts(text)
        ]

    def ended(self, manifest: Manifest, line: int, why: str, at: str) -> Record:
        """Make the record of an object that lacks answers which will not come."""
        return self._base(manifest, line) | {"kind": "ended", "reason": why, "at": at}

    def _base(self, manifest: Manifest, line: int) -> Record:
        job = self._place.job(manifest.number, manifest.digest)
        return {"job": job, "object": line, "key": manifest.keys[line]}

    def _folder(self, manifest: Manifest) -> str:
        return self._place.name(
            self._place.output(self._place.job(manifest.number, manifest.digest))
        )

    def _read(self, info: Info) -> str | None:
        mark = hashlib.sha256(f"{self._place.url}\n{info.name}\n{info.etag}".encode()).hexdigest()
        kept = self._home / mark[:2] / f"{mark}.json"
        try:
            return kept.read_bytes().decode("utf-8", errors="replace")
        except FileNotFoundError:
            pass
        try:
            blob = self._objects.get(info.name, etag=info.etag, limit=LARGE)
        except VendorRefusedError:
            if info.size <= LARGE:
                raise
            return f"a file of {info.size} bytes"
        if blob is None:
            return None
        make_folder(kept.parent)
        write_beside(kept, blob.content).replace(kept)
        return blob.content.decode("utf-8", errors="replace")


def fingerprint(files: Sequence[Info]) -> str:
    """Say in a few characters which files of answers an object has."""
    told = "\n".join(f"{info.name} {info.etag}" for info in files)
    return base64.urlsafe_b64encode(hashlib.sha256(told.encode()).digest())[:6].decode()


def _parts(text: str) -> list[Record]:
    unread = [{"kind": "unreadable", "text": text[:SHOWN]}]
    try:
        answers = json.loads(text)["answers"]
        # Half characters, NaN and depths that no JSON of ours can hold end here.
        canonical_json(answers).encode()
    except (ValueError, KeyError, TypeError, RecursionError):
        return unread
    if not isinstance(answers, list):
        return unread
    return [{"kind": "answer", "answer": answer} for answer in answers]
