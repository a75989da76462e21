"""Stop when the money is spent."""

import math
from dataclasses import dataclass

from tasks.domain.outlook import Outlook, Verdict
from tasks.stopping._words import money

DUST = 1e-9
"""18 - 17.1 is a little less than 0.9 and pays for it."""


@dataclass(frozen=True)
class Budget:
    """Fires when what is left of the campaign's budget does not pay for the next batch."""

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
            f"for another batch at {money(cost)}{_parts(outlook)}",
        )

    def go_on(self, outlook: Outlook) -> str:
        """Name the budget that would do, and what makes a batch cheaper."""
        needed = outlook.rounds[-1].spent + outlook.outstanding + outlook.next_batch_cost
        cheaper = "score.batch, push.redundancy or push.gold"
        if "holdout" in outlook.next_batch_parts:
            cheaper = f"evaluate.holdout_per_round, {cheaper}"
        enough = f"{math.ceil(round(needed * 100, 6)) / 100:.2f}"
        return f"raise campaign.budget to at least {enough}, or lower {cheaper}"


def _parts(outlook: Outlook) -> str:
    """Say what is paid for, if that is more than queries."""
    parts = [f"{name} {money(cost)}" for name, cost in outlook.next_batch_parts.items()]
    return f" ({', '.join(parts)})" if len(parts) > 1 else ""
