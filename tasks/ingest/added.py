"""A campaign's source and the items that were added to it, as one source."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tasks.domain import digests
from tasks.domain.digests import Digest
from tasks.domain.errors import DataError
from tasks.ingest.source import Source, open_source


def unit_of(path: str, folder: str) -> str:
    """Name the file, or the folder of files, that was added at once and holds a path."""
    return f"{folder}/{path.removeprefix(f'{folder}/').split('/', 1)[0]}"


def with_added(source: Source, root: Path, folder: str, added: Mapping[str, Digest]) -> Source:
    """Join a source and what was added to it.

    Parameters
    ----------
    source : Source
    root : Path
        The campaign's directory.
    folder : str
        Where added files lie, relative to `root`.
    added : mapping of str to Digest
        The files that count, by path; each must be as the digest says.

    Raises
    ------
    DataError
        A file is missing or is not the one that was added; its columns are not the source's.
    """
    for path, digest in added.items():
        _refuse_other(root / path, digest, path)
    return joined(source, [open_source(name, root) for name in units(added, folder)])


def units(paths: Iterable[str], folder: str) -> list[str]:
    """List what was added at once, each a file or a folder, in the order of names."""
    return sorted({unit_of(path, folder) for path in paths})


def joined(source: Source, more: Iterable[Source]) -> Source:
    """Put sources with the same columns one after the other.

    Raises
    ------
    DataError
        A column is in one of them and not in the other.
    """
    shards = list(source.shards)
    for one in more:
        for column in source.columns:
            if column not in one.columns:
                fix = "give it the same columns; a column may be empty"
                raise DataError(f"has no column {column!r}", where=one.name, fix=fix)
        for column in one.columns:
            if column not in source.columns:
                fix = f"take it out; the campaign has {', '.join(source.columns)}"
                raise DataError(f"has another column {column!r}", where=one.name, fix=fix)
        shards += one.shards
    return Source(source.name, tuple(shards))


def _refuse_other(path: Path, digest: Digest, name: str) -> None:
    if not path.exists():
        raise DataError("is missing", where=name, fix="restore it with `dvc checkout`")
    if digests.of_file(path) != digest:
        fix = "restore it with `dvc checkout --force`"
        raise DataError("is not the file that was added", where=name, fix=fix)
