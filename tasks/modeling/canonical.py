"""skops files with one spelling.

skops names objects and files by their memory addresses, so that the same model has other bytes in
each process. Here a file's name is the digest of its content, and objects have no names at all:
they only let two references share one object, which no model of ours needs.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

SCHEMA = "schema.json"


def canonical(archive: bytes, comment: str) -> bytes:
    """Rewrite a skops file so that its bytes are a function of what it holds.

    Parameters
    ----------
    archive : bytes
        What ``skops.io.dumps`` gave.
    comment : str
        Kept in the zip's own comment.
    """
    with ZipFile(io.BytesIO(archive)) as source:
        files = {name: source.read(name) for name in source.namelist()}
    schema = json.loads(files.pop(SCHEMA))
    names = {name: address(name, content) for name, content in files.items()}
    kept = {names[name]: content for name, content in files.items()}
    kept[SCHEMA] = json.dumps(_nameless(schema, names), separators=(",", ":")).encode()
    return zipped(kept, comment)


def address(name: str, content: bytes) -> str:
    """Name a file by what it holds, with the ending that it has."""
    return hashlib.sha256(content).hexdigest() + PurePosixPath(name).suffix


def _nameless(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_nameless(part, names) for part in node]
    if not isinstance(node, dict):
        return node
    # A model's own attribute of such a name holds a node, and never a number or a string.
    plain: dict[str, Any] = {
        key: names[value] if key == "file" and isinstance(value, str) else _nameless(value, names)
        for key, value in node.items()
        if not (key == "__id__" and isinstance(value, int))
    }
    if plain.get("__loader__") == "SetNode":
        plain["content"].sort(key=json.dumps)
    return plain


def zipped(files: Mapping[str, bytes], comment: str) -> bytes:
    """Write an archive whose bytes are a function of its files and its comment."""
    sink = io.BytesIO()
    with ZipFile(sink, "w", ZIP_STORED) as archive:
        archive.comment = comment.encode()
        for name in sorted(files):
            entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return sink.getvalue()
