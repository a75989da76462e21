"""What this machine refuses, in one line: a disk that is full or broken, files that may not be."""

import errno
from collections.abc import Iterator

CURES = {
    "free some room": (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    "mend the permissions": (errno.EACCES, errno.EPERM),
    "make the file system writable": (errno.EROFS,),
    "check the disk, or the server that it belongs to": (
        errno.EIO,
        errno.ENODEV,
        errno.ENXIO,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.ENOTCONN,
    ),
    "let it open more files (ulimit -n)": (errno.EMFILE, errno.ENFILE),
    "take a shorter name": (errno.ENAMETOOLONG,),
    "free some memory": (errno.ENOMEM,),
}
OTHER = "see to it"


def line(error: Exception) -> str | None:
    """Tell an error of the system, or one that another library made of it.

    Returns
    -------
    str or None
        What is wrong, where, and what to do; None if no error of the system is at its root.
    """
    found = next((one for one in _causes(error) if isinstance(one, OSError) and one.errno), None)
    if found is None:
        return None
    cure = next((cure for cure, numbers in CURES.items() if found.errno in numbers), OTHER)
    names = [str(name) for name in (found.filename, found.filename2) if name is not None]
    place = f" ({' → '.join(names)})" if names else ""
    said = f"{found.strerror or found}{place}; {cure} and run again: what was done is kept"
    return " ".join(said.split())


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Go from an error to those that it was raised from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__
