"""One process halts where the ledger or a vendor is spoken with, and something happens meanwhile.

It halts at the points of `tasks.domain.crash`, where a process may also die.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tasks.domain import crash


@dataclass
class Halt:
    """Let `then` happen at points that are chosen by their number."""

    chosen: Callable[[int], bool]
    then: Callable[[], object]
    passed: int = 0
    apart: bool = False
    within: bool = False

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Halt from here on, until `patch` is undone."""
        patch.setattr(crash, "point", self.point)

    def point(self, name: str) -> None:
        """Stand for `tasks.domain.crash.point`."""
        if self.apart or name.startswith("rename:"):
            return
        if self.within and not name.startswith("vendor:"):
            return
        if self.chosen(self.passed):
            self.apart = True
            self.then()
            self.apart = False
        self.passed += 1
        # Within a call the simulated vendor is busy, and would keep the other one waiting.
        self.within = name.startswith("vendor:") and name.endswith(":before")
