"""Where a reader stands: which files of answers of each object he has had."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.domain.errors import VendorRefusedError

WIDTH = 6
NONE = "." * WIDTH


@dataclass
class Cursor:
    """What was delivered.

    Attributes
    ----------
    seen : dict of str to list of str
        By job, the fingerprint of each object's files, line by line.
    ended : set of str
        Jobs of which it was said that no more comes.
    """

    seen: dict[str, list[str]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, body: Mapping[str, Any] | None) -> "Cursor":
        """Read one that `to_body` has written; None is the beginning."""
        try:
            told = dict((body or {}).get("seen", {}))
            seen = {str(job): _cut(text) for job, text in told.items()}
            return cls(seen, {str(job) for job in (body or {}).get("ended", [])})
        except (AttributeError, TypeError, ValueError):
            raise VendorRefusedError(
                "is no cursor of Ground Truth's", where=str(body)[:99]
            ) from None

    def to_body(self) -> dict[str, Any]:
        """Give it as JSON."""
        seen = {job: "".join(marks) for job, marks in sorted(self.seen.items())}
        return {"seen": seen, "ended": sorted(self.ended)}

    def has(self, job: str, line: int, mark: str) -> bool:
        """Whether an object was delivered with exactly these files."""
        marks = self.seen.get(job, [])
        return line < len(marks) and marks[line] == mark

    def add(self, job: str, line: int, mark: str) -> None:
        """Note that an object was delivered with these files."""
        marks = self.seen.setdefault(job, [])
        marks.extend([NONE] * (line + 1 - len(marks)))
        marks[line] = mark


def _cut(text: Any) -> list[str]:
    if not isinstance(text, str):
        raise TypeError
    return [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
