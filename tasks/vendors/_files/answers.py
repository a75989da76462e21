"""What the rows of all files say together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tasks.vendors._files.cells import folded, tidy, unguard
from tasks.vendors._files.options import Options
from tasks.vendors._files.reading import Row
from tasks.vendors._files.records import Answer, BadRow, OfTask, Record, identity

LONGEST = 200


class _BadCellError(ValueError):
    """What is amiss in a row, under which title, and how to mend it."""

    def __init__(self, what: str, column: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.column, self.fix = what, column, fix


@dataclass(frozen=True)
class Reader:
    """Understands the rows of one batch.

    Attributes
    ----------
    classes : tuple of str
        What may be answered.
    keys : frozenset of str
        Of the tasks that were sent.
    """

    batch: str
    classes: tuple[str, ...]
    keys: frozenset[str]
    options: Options

    def records(self, files: Sequence[tuple[str, str, Sequence[Row]]]) -> dict[str, Record]:
        """Give what all files (name, time, rows) say, by `identity`."""
        bad: list[Record] = []
        said: dict[tuple[str, str], list[Answer]] = {}
        for name, modified, rows in files:
            for row in rows:
                try:
                    found = self._understood(row, name, modified)
                except _BadCellError as error:
                    bad.append(self._bad(name, row.number, error, row.cells))
                    continue
                if found:
                    said.setdefault((found[0], found[1].annotator), []).append(found[1])
        tasks: dict[str, list[Answer]] = {}
        for (key, _), answers in sorted(said.items()):
            if (other := _contradicts(answers)) is not None:
                both = self._contradiction(answers[0], other)
                bad.append(self._bad(other.file, other.row, both, {"key": key}))
            else:
                tasks.setdefault(key, []).append(answers[0])
        whole = [OfTask(batch=self.batch, key=key, answers=tuple(a)) for key, a in tasks.items()]
        return {identity(record): record for record in (*whole, *bad)}

    def _understood(self, row: Row, file: str, modified: str) -> tuple[str, Answer] | None:
        if not tidy(written := row.cells.get("label", "")):
            return None
        annotator = folded(unguard(self._filled(row, "annotator")))
        time = tidy(row.cells.get("answered_at", ""))
        answer = Answer(
            annotator=annotator,
            label=self._label(written),
            written=written,
            answered_at=self._utc(time) if time else modified,
            own_time=bool(time),
            file=file,
            row=row.number,
        )
        return self._key(row), answer

    def _key(self, row: Row) -> str:
        cell = self._filled(row, "key")
        for key in (cell, unguard(cell)):
            if key in self.keys:
                return key
        what = f"{cell[:60]!r} is the key of no task of this batch"
        fix = "copy it from the file that was to be filled in"
        raise _BadCellError(what, self.options.title("key"), fix)

    def _filled(self, row: Row, column: str) -> str:
        cell, title = tidy(row.cells.get(column, "")), self.options.title(column)
        if not folded(unguard(cell)):
            raise _BadCellError(
                f"there is a label but nothing under {title!r}", title, "fill it in"
            )
        if len(folded(cell)) > LONGEST or len(cell) > LONGEST:
            raise _BadCellError(f"it has more than {LONGEST} characters", title, "shorten it")
        return cell

    def _label(self, written: str) -> str | None:
        for spelling in (written, tidy(written), tidy(unguard(written))):
            if spelling in self.classes:
                return spelling
        alike = [name for name in self.classes if folded(name) == folded(unguard(written))]
        if len(alike) == 1:
            return alike[0]
        if folded(written) == folded(self.options.skip):
            return None
        named = ", ".join(self.classes[:8]) + (", …" if len(self.classes) > 8 else "")
        what, title = f"{written[:40]!r} is no class", self.options.title("label")
        raise _BadCellError(what, title, f"write one of {named}")

    def _utc(self, text: str) -> str:
        try:
            moment = datetime.fromisoformat(text)
            known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return known.astimezone(UTC).isoformat(timespec="milliseconds")
        except (ValueError, OverflowError):
            what, title = f"{text[:40]!r} is no time", self.options.title("answered_at")
            raise _BadCellError(what, title, "write it as 2026-11-20 08:30") from None

    def _contradiction(self, first: Answer, other: Answer) -> _BadCellError:
        here = f"{first.annotator!r} says {other.written!r} here and {first.written!r}"
        what = f"{here} in {first.file}, row {first.row}"
        return _BadCellError(what, self.options.title("label"), "clear one of the two labels")

    def _bad(self, file: str, row: int, error: _BadCellError, cells: dict[str, str]) -> BadRow:
        return BadRow(
            batch=self.batch,
            file=file,
            row=row,
            column=error.column,
            problem=error.what,
            fix=error.fix,
            cells={name: cell[:LONGEST] for name, cell in sorted(cells.items())},
        )


def _contradicts(answers: Sequence[Answer]) -> Answer | None:
    """Find an answer that says something else than the first."""
    return next((one for one in answers[1:] if one.label != answers[0].label), None)
