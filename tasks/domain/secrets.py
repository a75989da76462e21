"""Secrets: from the environment, or from whoever offers to look elsewhere; never from files."""

import os
from collections.abc import Callable

from tasks.domain.errors import VendorAuthError

Lookup = Callable[[str], str | None]

_elsewhere: list[Lookup] = []


def _in_environment(name: str) -> str | None:
    return os.environ.get(name)


def offer(lookup: Lookup) -> None:
    """Let secrets that the environment lacks be looked up, such as in Prefect blocks."""
    if lookup not in _elsewhere:
        _elsewhere.append(lookup)


def secret(name: str) -> str:
    """Find a secret by the name of its environment variable.

    Raises
    ------
    VendorAuthError
        It is nowhere.
    """
    for lookup in (_in_environment, *_elsewhere):
        if value := lookup(name):
            return value
    block = name.lower().replace("_", "-")
    fix = f"export {name}, or make a Prefect Secret block named {block}"
    raise VendorAuthError("is not set", where=name, fix=fix)
