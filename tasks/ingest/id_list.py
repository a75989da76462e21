"""Lists of items' ids that people keep: holdout.txt and gold.txt, an id a line."""

from collections import Counter
from pathlib import Path

from tasks.domain.errors import DataError

MOST_BYTES = 1 << 28
"""More than a million ids of the greatest length."""


def read(path: Path, name: str) -> list[str]:
    """Read the ids, in the order of the file.

    Raises
    ------
    DataError
        The file is missing, too large or not UTF-8, or an id is there twice.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"has more than {MOST_BYTES >> 20} MiB", where=name)
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise DataError("is missing", where=name, fix="restore it from git") from None
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 (byte {error.start})"
        raise DataError(what, where=name, fix="restore it from git") from None
    ids = [line for line in lines if line]
    for item, times in Counter(ids).items():
        if times > 1:
            raise DataError(f"{item!r} is there {times} times", where=name)
    return ids
