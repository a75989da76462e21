"""Secrets: from the environment, or from whoever offers to look elsewhere; never from files.

A secret that a campaign names goes out only through `tasks.trust.guard`, which knows where to.
"""

import os
import re
from collections.abc import Callable

from tasks.domain.blotting import remember
from tasks.domain.errors import UntrustedError, VendorAuthError

Lookup = Callable[[str], str | None]

PREFIXES = ("LABELLOOP_", "LABEL_STUDIO_", "BUCKET_", "PARTNER_", "GROUND_TRUTH_")
"""What the name of a variable begins with that a campaign may ask for."""

_elsewhere: list[Lookup] = []


def _in_environment(name: str) -> str | None:
    return os.environ.get(name)


def offer(lookup: Lookup) -> None:
    """Let secrets that the environment lacks be looked up, such as in Prefect blocks."""
    if lookup not in _elsewhere:
        _elsewhere.append(lookup)


def is_for_campaigns(name: str) -> bool:
    """Whether the name of a variable says that it is there for campaigns to ask for."""
    return name.startswith(PREFIXES) and bool(re.fullmatch(r"[A-Za-z0-9_]+", name))


def refuse_foreign(name: str, field: str = "") -> None:
    """Raise an `UntrustedError` if a campaign names a variable that is there for something else."""
    if not is_for_campaigns(name):
        begins = f"{', '.join(PREFIXES[:-1])} or {PREFIXES[-1]}"
        what = f"the variable {name} is not there for campaigns"
        raise UntrustedError(what, where=field, fix=f"name one that begins with {begins}")


def secret(name: str) -> str:
    """Find a secret by the name of its environment variable.

    Raises
    ------
    VendorAuthError
        It is nowhere.
    """
    for lookup in (_in_environment, *_elsewhere):
        if value := lookup(name):
            remember(value)
            return value
    block = name.lower().replace("_", "-")
    fix = f"export {name}, or make a Prefect Secret block named {block}"
    raise VendorAuthError("is not set", where=name, fix=fix)
