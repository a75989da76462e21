"""One generator per use, so that what one stage draws never shifts what another does."""

import hashlib

import numpy as np


def generator(seed: int, round_number: int, use: str) -> np.random.Generator:
    """Make the generator of one use in one round.

    Parameters
    ----------
    seed : int
        The campaign's.
    round_number : int
    use : str
        Such as ``score/uniform``; other uses get independent streams.
    """
    return np.random.default_rng(np.random.SeedSequence([seed, round_number, _word(use)]))


def integer_seed(seed: int, round_number: int, use: str) -> int:
    """Make a seed for libraries that want one number, below 2**31."""
    return int(generator(seed, round_number, use).integers(2**31))


def _word(use: str) -> int:
    return int.from_bytes(hashlib.sha256(use.encode()).digest()[:8], "big")
