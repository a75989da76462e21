"""``labelloop export``."""

from tasks.export import Facts, export

__all__ = ["export", "told"]


def told(facts: Facts) -> str:
    """Say what was written where."""
    if "rows" in facts:
        return f"wrote {facts['rows']} {facts['what']} of round {facts['round']} to {facts['to']}"
    return (
        f"wrote the model of round {facts['round']} to {facts['to']}, its card to {facts['card']}"
    )
