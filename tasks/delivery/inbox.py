"""round/inbox.jsonl: what a vendor said in one round, untouched, one fetched page a line.

The first line holds the round. So an inbox that the round before left lying at the same place is
told from this round's own.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.domain.errors import DataError
from tasks.domain.files import canonical_json, write_atomic


@dataclass(frozen=True)
class Item:
    """One record, and where in the inbox it stands."""

    page: int
    position: int
    record: Any


def start(path: Path, round_number: int) -> None:
    """Make an empty inbox, unless this round's own is there."""
    if _own(path, round_number) is None:
        write(path, round_number, [])


def lines(path: Path, round_number: int) -> list[str]:
    """Give this round's pages as they are written; none if the inbox is another round's."""
    return _own(path, round_number) or []


def write(path: Path, round_number: int, pages: Sequence[str]) -> None:
    """Replace the inbox."""
    header = canonical_json({"round": round_number})
    write_atomic(path, "".join(f"{line}\n" for line in (header, *pages)))


def line(page: int, cursor: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> str:
    """Write a page as a line, without its end."""
    return canonical_json({"page": page, "cursor": dict(cursor), "records": list(records)})


def digest(page: str) -> str:
    """Give the SHA-256 of a page's line, without its end."""
    return hashlib.sha256(page.encode()).hexdigest()


def items(path: Path, round_number: int) -> Iterator[Item]:
    """Go through the records in the order in which they came.

    Raises
    ------
    DataError
        The file is missing, another round's, or not what `write` writes.
    """
    pages = _own(path, round_number)
    if pages is None:
        raise _broken(path, f"is missing, or not the inbox of round {round_number}")
    for text in pages:
        number, records = _page(path, text)
        for position, record in enumerate(records):
            yield Item(number, position, record)


def _page(path: Path, text: str) -> tuple[int, list[Any]]:
    try:
        page = json.loads(text)
        return int(page["page"]), list(page["records"])
    except (ValueError, KeyError, TypeError):
        raise _broken(path, "holds a line that is no page") from None


def _broken(path: Path, what: str) -> DataError:
    return DataError(what, where=str(path), fix="restore it with `dvc checkout`")


def _own(path: Path, round_number: int) -> list[str] | None:
    try:
        content = path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    # Not `splitlines`: a record may hold characters that Python takes for the end of a line.
    first, *pages = content.removesuffix("\n").split("\n")
    return pages if first == canonical_json({"round": round_number}) else None
