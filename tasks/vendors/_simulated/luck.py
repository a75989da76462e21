"""What is left to chance in simulated work.

All of one thing's luck is drawn at once, and what is new is drawn last, so that turning one rate
on leaves everything else as it was.
"""

from tasks.domain.randomness import generator
from tasks.vendors._simulated.people import USE


class Luck:
    """All that is left to chance in one answer."""

    def __init__(self, seed: int, key: str, copy: int) -> None:
        rng = generator(seed, 0, f"{USE}/answer/{key}/{copy}")
        self.label, self.late, self.duplicate, self.revise, self.revised = rng.random(5)
        self.malformed, self.mistake, self.foreign, self.unknown_class = rng.random(4)
        self.wait, self.seconds, self.again, self.reconsider, self.junk = rng.standard_normal(5)
        self.skip, self.empty, self.delete, self.expire, self.double = rng.random(5)
        self.doubled, self.prediction, self.gold, self.guess = rng.random(4)
        self.regret, self.encore = rng.standard_normal(2)


class TaskLuck:
    """All that is left to chance in one task as a whole."""

    def __init__(self, seed: int, key: str) -> None:
        rng = generator(seed, 0, f"{USE}/task/{key}")
        self.reject, self.excess = rng.random(2)


class CallLuck:
    """All that is left to chance in one call."""

    def __init__(self, seed: int, number: int) -> None:
        rng = generator(seed, 0, f"{USE}/call/{number}")
        self.outage, self.throttle, self.timeout = rng.random(3)
