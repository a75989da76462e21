"""Files of one round that grow by lines while a vendor is spoken with.

The first line holds the round. So a file that the round before left lying at the same place is told
from this round's own.
"""

from collections.abc import Sequence
from pathlib import Path

from tasks.domain.errors import DataError
from tasks.domain.files import canonical_json, write_atomic


def start(path: Path, round_number: int) -> None:
    """Make an empty file, unless this round's own is there."""
    if _own(path, round_number) is None:
        write(path, round_number, [])


def lines(path: Path, round_number: int) -> list[str]:
    """Give this round's lines as they are written; none if the file is another round's."""
    return _own(path, round_number) or []


def read(path: Path, round_number: int) -> list[str]:
    """Give this round's lines; raises a `DataError` if the file is missing or another round's."""
    found = _own(path, round_number)
    if found is None:
        raise broken(path, f"is missing, or not that of round {round_number}")
    return found


def write(path: Path, round_number: int, content: Sequence[str]) -> None:
    """Replace the file."""
    header = canonical_json({"round": round_number})
    write_atomic(path, "".join(f"{line}\n" for line in (header, *content)))


def broken(path: Path, what: str) -> DataError:
    """Say that a file is not what it must be."""
    return DataError(what, where=str(path), fix="restore it with `dvc checkout`")


def _own(path: Path, round_number: int) -> list[str] | None:
    try:
        content = path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    # Not `splitlines`: a record may hold characters that Python takes for the end of a line.
    first, *found = content.removesuffix("\n").split("\n")
    return found if first == canonical_json({"round": round_number}) else None
