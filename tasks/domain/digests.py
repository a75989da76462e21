"""Digests of bytes: SHA-256 seals them, MD5 is the address under which DVC keeps them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks.domain.errors import DataError
from tasks.domain.files import canonical_json

CHUNK = 1 << 20
SHA256, MD5 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Digest:
    """What one file's bytes are.

    Attributes
    ----------
    sha256 : str
        64 hex digits: what the ledger vouches for.
    md5 : str
        32 hex digits: where DVC's cache and remote keep the bytes. Never trusted by itself.
    size : int
        Bytes.
    """

    sha256: str
    md5: str
    size: int

    def to_body(self) -> dict[str, Any]:
        """Give it as it stands in a ledger entry."""
        return asdict(self)

    @classmethod
    def of_body(cls, body: Any, where: str) -> "Digest":
        """Read it as it stands in a ledger entry; raises a `DataError` if it is none.

        Parameters
        ----------
        body : anything
            A digest becomes a part of paths and addresses, so whose it is must be beyond doubt.
        where : str
            Whose digest it is, for the message.
        """
        if isinstance(body, dict) and body.keys() == {"sha256", "md5", "size"}:
            sha256, md5, size = body["sha256"], body["md5"], body["size"]
            texts = isinstance(sha256, str) and isinstance(md5, str)
            whole = type(size) is int and size >= 0
            if texts and whole and SHA256.fullmatch(sha256) and MD5.fullmatch(md5):
                return cls(sha256, md5, size)
        raise DataError("has no digest that a file can have", where=where)


def of_bytes(content: bytes) -> Digest:
    """Digest bytes in memory."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Digest(hashlib.sha256(content).hexdigest(), md5, len(content))


def of_file(path: Path, *, fresh: bool = False) -> Digest:
    """Digest a file.

    A file whose inode, size and modification time are those of an earlier call is not read
    again, unless `fresh`: an audit must read the bytes.
    """
    if fresh:
        return _read(path)
    stat = path.stat()
    return _remembered(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


def of_tree(root: Path, name: str) -> dict[str, Digest]:
    """Digest a file, or all files beneath a folder, by their paths relative to `root`."""
    path = root / name
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return {str(one.relative_to(root)): of_file(one) for one in files}


def of_value(value: Any) -> str:
    """Give the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def of_many(digests: Mapping[str, Digest]) -> str:
    """Give one SHA-256 for several named files."""
    return of_value({name: digest.sha256 for name, digest in digests.items()})


@lru_cache(maxsize=512)
def _remembered(path: Path, inode: int, size: int, modified: int) -> Digest:
    return _read(path)


def _read(path: Path) -> Digest:
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return Digest(sha256.hexdigest(), md5.hexdigest(), size)
