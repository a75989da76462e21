"""What computed a result: this code, the packages beneath it, and how they make sums."""

import hashlib
import importlib.metadata
import platform
from functools import cache
from pathlib import Path
from typing import Any

from tasks.domain import arithmetic

PACKAGES = (
    "crowd-kit",
    "great-expectations",
    "lightgbm",
    "numpy",
    "pandas",
    "pillow",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "skops",
)
"""The packages whose version can change what a stage writes."""


@cache
def code() -> str:
    """Give one SHA-256 for all sources of the stages, by relative path."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def packages() -> dict[str, str]:
    """Give the versions of Python and of `PACKAGES`."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), **versions}


def facts() -> dict[str, Any]:
    """Give all of it, as the ledger keeps it."""
    return {"code": code(), "packages": packages(), "arithmetic": arithmetic.in_force()}
