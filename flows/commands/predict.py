"""``labelloop predict``."""

from tasks.predict import Facts, predict

__all__ = ["predict", "told"]


def told(facts: Facts) -> str:
    """Say what was written where."""
    items = "1 item" if facts["items"] == 1 else f"{facts['items']} items"
    return f"wrote what the model of round {facts['round']} says of {items} to {facts['to']}"
