"""A list that several processes lengthen, kept as files that are never changed.

Part n is written under its number only by who has read all parts before it, and only once. So two
that write at the same time become one after the other, and each key is taken once.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tasks.domain.errors import TransientError, VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.outgoing import Outgoing
from tasks.objects.store import Info, Objects

MOST = 100_000
"""Parts of one list."""
LARGEST = 1 << 32
"""Bytes of a part: more than the most tasks of the largest size."""
RACES = 50
"""How often somebody else may be quicker in one call."""

Line = Mapping[str, Any]


@dataclass
class Log:
    """The lists of one account.

    Attributes
    ----------
    outgoing : callable
        Is told what is going to be written.
    """

    objects: Objects
    outgoing: Outgoing
    delimiter: str = ","
    _parts: dict[tuple[str, str], list[Line]] = field(default_factory=dict)

    def read(
        self, listed: Mapping[str, Info], stem: str, by: str = "key"
    ) -> dict[str, tuple[str, Line]]:
        """Give each key's place and line; the first of several.

        Parameters
        ----------
        listed : mapping of str to Info
            What the store has now.
        stem : str
            The parts' names up to their number.
        by : str
            The member of a line that is its key.
        """
        found: dict[str, tuple[str, Line]] = {}
        for name in sorted(one for one in listed if _is_part(one, stem)):
            for number, line in enumerate(self._part(listed[name], by), start=1):
                found.setdefault(str(line[by]), (_place(name, number), line))
        return found

    def add(
        self,
        listed: Mapping[str, Info],
        stem: str,
        suffix: str,
        lines: Sequence[Line],
        by: str = "key",
    ) -> dict[str, tuple[str, Line]]:
        """Add the lines whose keys are not there; give what `read` gives afterwards."""
        now = dict(listed)
        for _ in range(RACES):
            there = self.read(now, stem, by)
            missing = _first_of_each([line for line in lines if line[by] not in there], by)
            name = self._free(now, stem, suffix)
            if not missing or self._write(name, missing):
                places = enumerate(missing, start=1)
                return there | {line[by]: (_place(name, n), line) for n, line in places}
            now |= {info.name: info for info in self.objects.find(stem)}
        raise TransientError("others write all the time", where=f"{self.objects.url}/{stem}")

    def _write(self, name: str, lines: Sequence[Line]) -> bool:
        content = _csv(lines, self.delimiter) if name.endswith(".csv") else _jsonl(lines)
        self.outgoing(f"PUT {self.objects.url}/{name}", content)
        return self.objects.put_new(name, content)

    def _free(self, listed: Mapping[str, Info], stem: str, suffix: str) -> str:
        taken = {name.rpartition(".")[0] for name in listed}
        for number in range(MOST):
            if (name := f"{stem}{number:05d}") not in taken:
                return f"{name}.{suffix}"
        raise VendorRefusedError(f"has {MOST} parts", where=f"{self.objects.url}/{stem}")

    def _part(self, info: Info, by: str) -> list[Line]:
        known = self._parts.get((info.name, info.etag))
        if known is None:
            blob = self.objects.get(info.name, limit=LARGEST)
            if blob is None:
                where = f"{self.objects.url}/{info.name}"
                raise TransientError("went away while it was read", where=where)
            known = _lines(blob.content, self._reader(info.name), by)
            if known is None:
                what, fix = "is not what labelloop wrote", "restore it, or use another batch"
                where = f"{self.objects.url}/{info.name}"
                raise VendorRefusedError(what, where=where, fix=fix)
            self._parts[info.name, blob.etag] = known
        return known

    def _reader(self, name: str) -> Callable[[str], list[Line]]:
        return partial(_read_csv, self.delimiter) if name.endswith(".csv") else _read_jsonl


def _first_of_each(lines: Sequence[Line], by: str) -> list[Line]:
    unique: dict[str, Line] = {}
    for line in lines:
        unique.setdefault(line[by], line)
    return list(unique.values())


def _place(name: str, number: int) -> str:
    return f"{name.rpartition('/')[2]}:{number}"


def _is_part(name: str, stem: str) -> bool:
    number, _, suffix = name.removeprefix(stem).partition(".")
    numbered = number.isascii() and number.isdigit() and len(number) == 5
    return name.startswith(stem) and numbered and suffix in ("jsonl", "csv")


def _jsonl(lines: Sequence[Line]) -> bytes:
    return "".join(f"{canonical_json(line)}\n" for line in lines).encode()


def _csv(lines: Sequence[Line], delimiter: str) -> bytes:
    titles = list(dict.fromkeys(name for line in lines for name in line))
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(titles)
    for line in lines:
        writer.writerow([_cell(line.get(title)) for title in titles])
    return buffer.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical_json(value)


def _lines(content: bytes, read: Callable[[str], list[Line]], by: str) -> list[Line] | None:
    try:
        found = read(content.decode())
    except (ValueError, csv.Error, RecursionError):
        return None
    sound = all(isinstance(line, dict) and isinstance(line.get(by), str) for line in found)
    return found if sound else None


def _read_csv(delimiter: str, text: str) -> list[Line]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def _read_jsonl(text: str) -> list[Line]:
    return [json.loads(line) for line in text.split("\n") if line]
