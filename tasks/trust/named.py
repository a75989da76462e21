"""Places that the environment names: trusted without being asked for, as on machines nobody is at.

``LABELLOOP_TRUST`` holds hosts (``label.example.org``, ``https://label.example.org:8443``), buckets
(``s3://bucket``) and folders (``/srv/labeling``), with commas or spaces between. A host without a
scheme stands for http and https, one without a port for the usual ports.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from tasks.trust import places

VARIABLE = "LABELLOOP_TRUST"


def words() -> list[str]:
    """Give what the variable lists."""
    return os.environ.get(VARIABLE, "").replace(",", " ").split()


def covers(place: str) -> bool:
    """Whether the variable names a place: its bucket, or the host that it is at."""
    return any(_same(word, place) for word in words())


def covers_path(path: Path) -> bool:
    """Whether the variable names a folder that a path lies in, links followed."""
    real = path.resolve()
    return any(real.is_relative_to(folder) for folder in folders())


def folders() -> list[Path]:
    """List the folders that the variable names."""
    return [Path(word).expanduser().resolve() for word in words() if word.startswith(("/", "~"))]


def _same(word: str, place: str) -> bool:
    if word.startswith(("/", "~")):
        return False
    if "://" not in word:
        return any(_same(f"{scheme}://{word}", place) for scheme in places.PORTS)
    if word.rstrip("/") == place:
        return True
    # A host stands for all buckets of the store at it; a bucket for itself alone.
    if place.startswith("s3://") or urlsplit(word).path.strip("/"):
        return False
    try:
        return places.origin(word) == places.origin(place)
    except ValueError:
        return False
