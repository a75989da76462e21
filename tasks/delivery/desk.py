"""Where one leg's vendor is spoken with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tasks.domain.outgoing import Capabilities
from tasks.domain.ports import Account


@dataclass(frozen=True)
class Desk:
    """A vendor that is connected.

    Attributes
    ----------
    leg : int
        1 for the campaign's vendor, 2 for its fallback.
    name : str
        The vendor's, in params.yaml.
    """

    leg: int
    name: str
    capabilities: Capabilities
    account: Account


Desks = Callable[[int], AbstractContextManager[Desk]]
"""Connects to a leg's vendor."""
