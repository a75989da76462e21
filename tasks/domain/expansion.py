"""How much a packed file may unpack to: a small one can be made to unpack to any size."""

from pathlib import Path

from tasks.domain.errors import DataError

GIB, MIB = 1 << 30, 1 << 20
MOST = 16 * GIB
"""Bytes that all files of a source may hold, where params.yaml says nothing else."""
TIMES = 200
"""A packed file that holds more than so many times its own size is a trap: tables and text have
less than a tenth of that."""
ALWAYS = 256 * MIB
"""What any file may unpack to, however small it is."""
RAISE = "raise pool.most_gigabytes in params.yaml if it is yours"
UNPACK = "write it again without packing if it is yours"


class Room:
    """The bytes that one file may still unpack to.

    Parameters
    ----------
    name : str
        The file's, for errors.
    packed : int
        Its size.
    most : int
        What it may hold, however large it is.
    """

    def __init__(self, name: str, packed: int, most: int = MOST) -> None:
        self.name, self.used = name, 0
        self.most = min(most, max(ALWAYS, TIMES * packed))
        self.fix = RAISE if self.most == most else UNPACK

    def take(self, size: int) -> None:
        """Count bytes that were unpacked, or are about to be.

        Raises
        ------
        DataError
            There are more than may be.
        """
        self.used += size
        self.require(self.used)

    def require(self, size: int) -> None:
        """Refuse a size that the file itself declares; raises as `take`."""
        if size > self.most:
            what = f"unpacks to more than {_told(self.most)}, which is too much for it"
            raise DataError(what, where=self.name, fix=self.fix)


def room_for(path: Path, most: int = MOST) -> Room:
    """Give the room of a file."""
    return Room(str(path), path.stat().st_size, most)


def _told(size: int) -> str:
    return f"{size / GIB:.3g} GiB" if size >= GIB else f"{size / MIB:.0f} MiB"
