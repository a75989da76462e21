"""``labelloop import labels``."""

from tasks.import_labels import import_labels
from tasks.take_in import Facts

__all__ = ["import_labels", "told"]


def told(facts: Facts) -> str:
    """Say what was imported, and from when on it counts."""
    labels = "1 label" if facts["labels"] == 1 else f"{facts['labels']} labels"
    when = f"they are trained on from round {facts['counts_from']} on"
    if facts["already"]:
        return f"{labels} of {facts['source']} were imported before, as {facts['path']}: {when}"
    return f"imported {labels} of {facts['source']} as {facts['path']}: {when}"
