"""Stop after a number of rounds."""

from dataclasses import dataclass

from tasks.domain.outlook import Outlook, Verdict


@dataclass(frozen=True)
class MaxRounds:
    """Fires once `rounds` rounds are finished; the seed round is one of them."""

    rounds: int

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError("rounds must be at least 1")

    def verdict(self, outlook: Outlook) -> Verdict:
        """Count."""
        done = len(outlook.rounds)
        return Verdict(done >= self.rounds, f"{done} of at most {self.rounds} rounds are done")

    def go_on(self, outlook: Outlook) -> str:
        """Name the number to raise."""
        return f"raise stop.max_rounds.rounds above {len(outlook.rounds)}"
