"""Draw the holdout and the gold items, once."""

from collections.abc import Sequence

from tasks.domain.errors import DataError
from tasks.domain.randomness import generator


def draw(
    ids: Sequence[str], labels: Sequence[str | None], holdout: int, gold: int, seed: int
) -> tuple[list[str], list[str]]:
    """Draw simple random samples without replacement: holdout, then gold from what is left.

    The result depends on the seed and on the set of items, not on their order.

    Parameters
    ----------
    ids : sequence of str, length n
    labels : sequence of str or None, length n
        Known classes; gold items are drawn among items that have one.
    holdout, gold : int
        How many.
    seed : int
        The campaign's.

    Returns
    -------
    holdout_ids, gold_ids : list of str
        Sorted, and disjoint.

    Raises
    ------
    DataError
        There are too few items, or too few with a known class.
    """
    if holdout + gold >= len(ids):
        raise DataError(
            f"{len(ids)} items cannot give {holdout} to the holdout and {gold} to gold and leave "
            "any to label",
            fix="ask for less",
        )
    known = dict(zip(ids, labels, strict=True))
    holdout_ids = _sample(sorted(known), holdout, seed, "draw/holdout")
    apart = set(holdout_ids)
    able = sorted(item for item, label in known.items() if label is not None and item not in apart)
    if gold > len(able):
        raise DataError(
            f"{gold} gold items need a known class, and {len(able)} items outside the holdout "
            "have one",
            fix="ask for less gold",
        )
    return holdout_ids, _sample(able, gold, seed, "draw/gold")


def _sample(ids: list[str], size: int, seed: int, use: str) -> list[str]:
    chosen = generator(seed, 0, use).choice(len(ids), size, replace=False)
    return sorted(ids[number] for number in chosen)
