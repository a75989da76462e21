"""Read a folder of images, with or without a folder for each class."""

import unicodedata
from pathlib import Path

import pyarrow as pa

from tasks.domain import images
from tasks.domain.errors import DataError
from tasks.domain.expansion import Room
from tasks.ingest.shards import Shard

ENDINGS = (".png", ".jpg", ".jpeg")
BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
# What systems leave in a folder of images by themselves.
LEFT_BEHIND = {"thumbs.db", "desktop.ini"}


def are_here(folder: Path) -> bool:
    """Say whether a folder, or a folder in it, has files that are named as images."""
    return any(_is_named_so(path) for path in (*folder.glob("*"), *folder.glob("*/*")))


def read(folder: Path, room: Room) -> Shard:
    """Read all images of a folder.

    Parameters
    ----------
    folder : Path
        With images, or with a folder of images for each class, or with both: what lies outside
        the classes' folders has no known class.
    room : Room
        Counts the images' bytes.

    Returns
    -------
    Shard
        Columns ``file`` (the path within the folder), ``image`` (its bytes), and ``label`` if
        there are folders of classes; by ``file``.

    Raises
    ------
    DataError
        A file is no PNG or JPEG, or has too many pixels; a folder is within a class's folder.
    """
    rows = sorted((_row(path, folder, room) for path in _files(folder)), key=lambda row: row[0])
    columns = {
        "file": pa.array([file for file, _, _ in rows], pa.string()),
        "image": pa.array([content for _, content, _ in rows], pa.binary()),
        "label": pa.array([label for _, _, label in rows], pa.string()),
    }
    table = pa.table(columns)
    if table["label"].null_count == len(rows):
        table = table.drop_columns(["label"])
    return Shard(str(folder), table, typed=True)


def _files(folder: Path) -> list[Path]:
    found = []
    for path in _listed(folder):
        for file in _listed(path) if path.is_dir() else [path]:
            if file.is_dir():
                what = "is a folder in the folder of a class"
                raise DataError(what, where=str(file), fix="move its files up")
            found.append(file)
    return found


def _listed(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "_")) and path.name.lower() not in LEFT_BEHIND
    ]


def _row(path: Path, folder: Path, room: Room) -> tuple[str, bytes, str | None]:
    if not _is_named_so(path):
        what = f"is no image ({path.suffix or 'no ending'}) in a folder of images"
        raise DataError(what, where=str(path), fix="take it out, or save it as PNG or JPEG")
    room.take(path.stat().st_size)
    content = path.read_bytes()
    if not content.startswith(BEGINNINGS):
        what = "is not PNG or JPEG, whatever its name ends in" if content else "is empty"
        raise DataError(what, where=str(path), fix="take it out, or save it as PNG or JPEG")
    try:
        images.opened(content)
    except images.ImageError as error:
        raise DataError(str(error), where=str(path), fix="take it out, or save it anew") from None
    # Systems write the same name in different bytes; composed it is the same everywhere.
    file = unicodedata.normalize("NFC", path.relative_to(folder).as_posix())
    label, inside, _ = file.rpartition("/")
    return file, content, label if inside else None


def _is_named_so(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith((".", "_"))
