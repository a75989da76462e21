"""Stop when nothing is left to ask for."""

from dataclasses import dataclass

from tasks.domain.outlook import Outlook, Verdict


@dataclass(frozen=True)
class PoolExhausted:
    """Fires when no item of the pool can be queried any more."""

    def verdict(self, outlook: Outlook) -> Verdict:
        """Count."""
        left = outlook.candidates
        return Verdict(left == 0, f"the pool has {left or 'nothing'} left to query")

    def go_on(self, outlook: Outlook) -> str:
        """Ask for items."""
        del outlook  # the pool is empty, whatever else holds
        return "add items to the pool's source"
