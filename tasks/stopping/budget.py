"""Stop when the money is spent."""

from dataclasses import dataclass

from tasks.domain.outlook import Outlook, Verdict
from tasks.stopping._words import money

DUST = 1e-9
"""18 - 17.1 is a little less than 0.9 and pays for it."""


@dataclass(frozen=True)
class Budget:
    """Fires when what is left of the campaign's budget does not pay for another full batch."""

    def verdict(self, outlook: Outlook) -> Verdict:
        """Compare what is left with what a batch costs."""
        cost = outlook.next_batch_cost
        if outlook.budget is None:
            return Verdict(False, f"no budget is set, and another batch costs {money(cost)}")
        left = outlook.budget - outlook.rounds[-1].spent - outlook.outstanding
        short = left < cost - DUST
        pays = "does not pay" if short else "pays"
        return Verdict(
            short,
            f"{money(left)} of {money(outlook.budget)} is left and {pays} "
            f"for another batch at {money(cost)}",
        )
