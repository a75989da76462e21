"""What was changed since a decision, in words."""

from collections.abc import Mapping, Sequence
from typing import Any


def told(changes: Sequence[Mapping[str, Any]]) -> str:
    """Say which fields were changed from what to what.

    Parameters
    ----------
    changes : sequence of mapping
        ``field``, ``before`` and ``now``; None where there is nothing.
    """
    return ", ".join(_change(one) for one in changes)


def _change(one: Mapping[str, Any]) -> str:
    before, now = ("nothing" if one[name] is None else one[name] for name in ("before", "now"))
    return f"{one['field']} was changed from {before} to {now}"
