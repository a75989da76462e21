"""The names under which a vendor knows batches and tasks: the same in every run."""

from tasks.domain.digests import of_value


def batch_name(campaign: str, round_number: int) -> str:
    """Name a round's batch."""
    return f"{campaign}-{round_number:04d}"


def task_key(campaign: str, round_number: int, item_id: str, payload_digest: str, copy: int) -> str:
    """Name one copy of one item as one round sends it.

    Another payload is another task; the same one is never bought twice.
    """
    word = of_value([campaign, round_number, item_id, payload_digest, copy])[:20]
    return f"{batch_name(campaign, round_number)}-{word}"
