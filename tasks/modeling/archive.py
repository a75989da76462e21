"""A model's archive, looked through before any library that trusts archives sees it.

An archive of ours has one spelling (`tasks.modeling.canonical`): nothing in it is compressed, and
each file is named by its digest. So whatever is spelled otherwise was not written by us, and one
that is spelled so is not larger in memory than on disk.
"""

import io
import re
from collections.abc import Mapping
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from tasks.modeling.broken import BrokenModelError, demand
from tasks.modeling.canonical import SCHEMA, address, zipped

MOST_BYTES = 1 << 30
MOST_FILES = 100_000
MOST_SCHEMA_BYTES = 1 << 28
LONGEST = 200
"""Bytes of a comment that are shown to people."""
NAME = re.compile(r"[0-9a-f]{64}\.npy")


def files(content: bytes) -> Mapping[str, bytes]:
    """Give the files of an archive by their names.

    Raises
    ------
    BrokenModelError
        It is none of ours.
    """
    demand(len(content) <= MOST_BYTES, f"it has more than {MOST_BYTES} bytes")
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            found, comment = _read(archive, len(content)), archive.comment.decode()
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise BrokenModelError("it is no archive that can be read") from error
    demand(SCHEMA in found, f"{SCHEMA} is missing in it")
    demand(len(found[SCHEMA]) <= MOST_SCHEMA_BYTES, f"its {SCHEMA} is too long")
    for name, inside in found.items():
        demand(name == SCHEMA or NAME.fullmatch(name), "it holds a file that no model has")
        demand(name in (SCHEMA, address(name, inside)), "a file in it is not what its name says")
    demand(zipped(found, comment) == content, "it is not spelled as this program spells archives")
    return found


def comment(content: bytes) -> str:
    """Give what an archive says of its writers; empty if it is none."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            said = archive.comment[:LONGEST].decode(errors="replace")
            return "".join(one for one in said if one.isprintable())
    except (BadZipFile, NotImplementedError, OSError, EOFError, ValueError):
        return ""


def _read(archive: ZipFile, most: int) -> dict[str, bytes]:
    entries = archive.infolist()
    demand(len(entries) <= MOST_FILES, f"it has more than {MOST_FILES} files")
    demand(all(one.compress_type == ZIP_STORED for one in entries), "it is compressed")
    demand(sum(one.file_size for one in entries) <= most, "its files say to be longer than it is")
    return {one.filename: archive.read(one) for one in entries}
