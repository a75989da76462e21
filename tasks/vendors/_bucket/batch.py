"""A batch as a bucket has it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.domain.errors import VendorRefusedError
from tasks.objects.store import Info

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Batch:
    """A batch as the bucket has it now.

    Attributes
    ----------
    objects : mapping of str to Info
        By their full names.
    """

    name: str
    objects: Mapping[str, Info]

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return f"{self.name}/{name}" in self.objects

    @property
    def final(self) -> bool:
        """Whether the partner has said that nothing more comes."""
        return self.has("done.json")

    @property
    def results(self) -> list[Info]:
        """The files of results, by name."""
        folder = f"{self.name}/results/"
        return [info for name, info in self.objects.items() if name.startswith(folder)]


def checked(name: Any) -> str:
    """Give the name of a batch back, or raise a `VendorRefusedError`."""
    if isinstance(name, str) and NAME.fullmatch(name):
        return name
    raise VendorRefusedError(f"{str(name)[:80]!r} is no name of a batch")
