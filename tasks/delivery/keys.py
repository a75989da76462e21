"""The names under which a vendor knows batches and tasks: the same in every run."""

from tasks.domain.digests import of_value


def batch_name(campaign: str, round_number: int, leg: int = 1) -> str:
    """Name a round's batch; `leg` counts the attempts, as in `tasks.delivery.legs`."""
    name = f"{campaign}-{round_number:04d}"
    return name if leg == 1 else f"{name}-{leg}"


def task_key(campaign: str, round_number: int, item: str, payload_digest: str, copy: int) -> str:
    """Name one item as one round sends it; `copy` is the first of the answers that it asks for.

    Another payload is another task; the same one is never bought twice. `item` is the item's id,
    or its place in the batch where a vendor must not be able to guess ids.
    """
    word = of_value([campaign, round_number, item, payload_digest, copy])[:20]
    return f"{batch_name(campaign, round_number)}-{word}"


def resent_key(key: str, before: int, leg: int) -> str:
    """Name a task that is asked anew on a leg, after it was asked on the leg `before`."""
    return f"{key.removesuffix(f'-{before}') if before > 1 else key}-{leg}"
