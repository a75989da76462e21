"""``labelloop add``."""

from tasks.add import add
from tasks.take_in import Facts

__all__ = ["add", "told"]


def told(facts: Facts) -> str:
    """Say what was added, and from when on it counts."""
    items = "1 item" if facts["items"] == 1 else f"{facts['items']} items"
    when = f"they are in the pool from round {facts['counts_from']} on"
    if facts["already"]:
        return f"{items} of {facts['file']} were added before, as {facts['path']}: {when}"
    return f"added {items} as {facts['path']}: {when}\n  the pool then: {facts['checked']}"
