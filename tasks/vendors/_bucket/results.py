"""All results of one batch as they stand."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import Any

from tasks.domain.errors import VendorRefusedError
from tasks.domain.incoming import MalformedRecordError, RawAnswer
from tasks.objects.store import Info, Objects
from tasks.vendors._bucket.options import Options
from tasks.vendors._bucket.parsing import TURNS, columns_of, ended, parse
from tasks.vendors._bucket.rows import Record, Row, rows

IGNORED = (".tmp", ".part", ".crc", ".md5", ".sha256", "_SUCCESS", "~")
"""Ends of names that tools leave beside what they write."""
MOST_ROWS = 1_000_000
"""In one file."""


@dataclass(frozen=True, eq=False)
class File:
    """One file of results.

    Attributes
    ----------
    answers : tuple of RawAnswer or None
        What each row says, None where that is no answer.
    over : tuple of str
        Keys of tasks that it says to be over.
    """

    content: bytes
    rows: tuple[Row, ...]
    answers: tuple[RawAnswer | None, ...]
    over: tuple[str, ...]
    _digests: dict[int, str] = field(default_factory=dict)

    def digest(self, size: int) -> str:
        """Digest its first bytes."""
        if size not in self._digests:
            self._digests[size] = hashlib.sha256(self.content[:size]).hexdigest()[:16]
        return self._digests[size]


EMPTY = File(b"", (), (), ())
"""What a file is that is no longer there."""


@dataclass(frozen=True, eq=False)
class Reading:
    """All files of one moment, in the order of their names.

    Attributes
    ----------
    files : dict of str to File
        By their names without the batch's.
    """

    files: dict[str, File]

    @cached_property
    def ties(self) -> dict[str, list[int]]:
        """Tell apart what is said of one answer at one and the same time, by its order."""
        last: dict[tuple[str, int], tuple[RawAnswer, int]] = {}
        return {name: list(_ties(file, last)) for name, file in self.files.items()}

    @cached_property
    def current(self) -> dict[str, RawAnswer]:
        """The newest revision of each answer, with a label or without."""
        newest: dict[str, tuple[tuple[int, int], RawAnswer]] = {}
        for name, file in self.files.items():
            for answer, tie in zip(file.answers, self.ties[name], strict=True):
                if answer is not None:
                    one = ((answer.revision, tie), answer)
                    before = newest.get(answer.answer_id, one)
                    newest[answer.answer_id] = max(before, one, key=itemgetter(0))
        return {answer_id: answer for answer_id, (_, answer) in newest.items()}

    @property
    def over(self) -> set[str]:
        """Keys of the tasks that are said to be over."""
        return {key for file in self.files.values() for key in file.over}

    def given_ids(self, title: str) -> dict[str, Any]:
        """Give the partner's own id of each answer, by ours."""
        return {
            answer.answer_id: columns_of(row.record).get(title)
            for file in self.files.values()
            for row, answer in zip(file.rows, file.answers, strict=True)
            if answer is not None
        }


@dataclass
class Results:
    """Reads files of results; a version of a file is read once."""

    objects: Objects
    options: Options
    _read: dict[str, tuple[tuple[str, bool], File]] = field(default_factory=dict)
    _last: Reading = field(default_factory=lambda: Reading({}))

    def read(self, infos: Sequence[Info], folder: str, *, final: bool) -> Reading:
        """Read all files.

        Raises
        ------
        VendorRefusedError
            One is too large, or has too many rows.
        """
        files: dict[str, File] = {}
        for info in infos:
            name = info.name.removeprefix(folder).encode(errors="backslashreplace").decode()
            if not name.endswith(IGNORED) and (file := self._file(info, name, final)):
                files[name] = file
        if list(files.items()) != list(self._last.files.items()):
            self._last = Reading(files)
        return self._last

    def _file(self, info: Info, name: str, final: bool) -> File | None:
        version, known = self._read.get(info.name, (None, None))
        if version == (info.etag, final):
            return known
        if info.size > self.options.limit:
            what = f"has more than {self.options.max_megabytes:g} MB"
            fix = "let it be divided, or raise vendor.options.max_megabytes"
            raise VendorRefusedError(what, where=f"{self.objects.url}/{info.name}", fix=fix)
        blob = self.objects.get(info.name, limit=self.options.limit)
        if blob is None:
            return None
        file = understood(name, blob.content, self.options, final=final)
        self._read[info.name] = ((blob.etag, final), file)
        return file


def understood(name: str, content: bytes, options: Options, *, final: bool) -> File:
    """Understand a whole file; raises `VendorRefusedError` if it has too many rows."""
    found = tuple(islice(rows(name, content, options.delimiter, final=final), MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        fix = "let it be divided"
        raise VendorRefusedError(f"has more than {MOST_ROWS} rows", where=name, fix=fix)
    said = [_said(row.record, options) for row in found]
    answers = tuple(answer for answer, _ in said)
    return File(content, found, answers, tuple(key for _, key in said if key))


def _said(record: Record, options: Options) -> tuple[RawAnswer | None, str | None]:
    try:
        answers = parse(record, options).answers
        return (answers[0], None) if answers else (None, ended(columns_of(record), options))
    except MalformedRecordError:
        return None, None


def _ties(file: File, last: dict[tuple[str, int], tuple[RawAnswer, int]]) -> Iterator[int]:
    for answer in file.answers:
        tie = 0
        if answer is not None:
            place = (answer.answer_id, answer.revision)
            before, tie = last.get(place, (answer, 0))
            tie = min(tie + (before != answer), TURNS - 1)
            last[place] = (answer, tie)
        yield tie
