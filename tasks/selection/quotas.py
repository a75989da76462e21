"""Whole items for shares of a batch."""

from collections.abc import Mapping
from math import floor


def largest_remainder(shares: Mapping[str, float], n: int) -> dict[str, int]:
    """Split n by shares that add up to 1, so that the parts add up to n.

    Hamilton's method: each gets the whole part of its share; what is missing goes to the largest
    remainders, and among equal ones to the one declared first.
    """
    # 0.29 * 100 is 28.999999999999996 and means 29.
    exact = {name: round(share * n, 9) for name, share in shares.items()}
    quotas = {name: floor(part) for name, part in exact.items()}
    by_remainder = sorted(exact, key=lambda name: quotas[name] - exact[name])
    for name in by_remainder[: n - sum(quotas.values())]:
        quotas[name] += 1
    return quotas
